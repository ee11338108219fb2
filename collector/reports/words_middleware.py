"""Words of the checks in `checks/middleware`: code word -> (Chinese, English); `words` merges them."""

READINGS: dict[str, tuple[str, str]] = {
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
    "deadlock": ("存在死锁", "threads wait for each other"),
}

OTHER: dict[str, tuple[str, str]] = {}
