"""Whether a network device shows the SSH host key that was approved: another one is a finding."""

from checks.hostkey import declare

CHECK = declare("network.ssh", "网络设备 SSH 主机密钥", "Network device SSH host key")
