"""Words of the checks in `checks/middleware`: code word -> (Chinese, English); `codes` merges them."""

READINGS: dict[str, tuple[str, str]] = {
    "balancer_pools": ("负载均衡池", "Pools"),
    "members_up": ("可用成员数", "Members up"),
    "sessions_used": ("会话使用率", "Sessions used"),
    "requests_waiting": ("排队请求数", "Requests waiting"),
    "connections_used": ("连接使用率", "Connections used"),
    "connections_active": ("活动连接数", "Active connections"),
    "connections_dropped": ("丢弃的连接数", "Connections dropped"),
    "connections": ("使用中的连接数", "Connections in use"),
    "threads_waiting": ("等待连接的线程数", "Threads waiting"),
    "data_sources": ("数据源数", "Data sources"),
    "stats": ("统计页", "Statistics page"),
    "instances": ("实例数", "Instances"),
    "heap": ("堆内存使用率", "Heap used"),
    "threads": ("线程", "Threads"),
    "deadlocks": ("死锁数", "Deadlocks"),
    "collecting": ("垃圾回收时间占比", "Time spent collecting"),
    "full_collections": ("完全垃圾回收次数", "Full collections"),
    "version": ("版本", "Version"),
    "running": ("运行中", "Running"),
    "owner": ("启动用户", "Owner"),
    "path": ("部署路径", "Deployment path"),
    "options": ("启动参数", "Start options"),
}

REASONS: dict[str, tuple[str, str]] = {
    "member_missing": ("部分成员不可用", "not all members are up"),
    "no_member": ("没有可用成员", "no member is up"),
    "threads_wait": ("有线程在等待连接", "threads wait for a connection"),
    "no_limit": ("未设上限", "no limit is set"),
    "draining": ("排空中，不接受新连接", "takes no new connections"),
    "member_down": ("健康检查失败", "its checks fail"),
    "member_disabled": ("已人工停用", "taken out of service"),
    "not_monitored": ("无健康检查，是否可用未知", "nobody checks it"),
    "deadlock": ("存在死锁", "threads wait for each other"),
}

OTHER: dict[str, tuple[str, str]] = {}
