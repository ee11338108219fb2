"""Whether a server shows the SSH host key that was approved: another one is a finding."""

from checks.hostkey import declare

CHECK = declare("server.ssh", "服务器 SSH 主机密钥", "Server SSH host key")
