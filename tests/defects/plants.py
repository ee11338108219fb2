"""All plants, registered by being imported."""

import importlib.util
import sys

import world as w

for _path in (*sorted((w.HERE / "plant").glob("*.py")), w.HERE / "benign.py"):
    if _path.exists():
        _spec = importlib.util.spec_from_file_location(f"plant_{_path.stem}", _path)
        _module = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
        _spec.loader.exec_module(_module)
