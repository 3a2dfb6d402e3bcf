// Runs pytest in CPython compiled to WebAssembly: node pyodide.mjs PYODIDE MOUNTS ARGUMENTS, the latter two in JSON.
import { pathToFileURL } from "node:url";

const [pyodide, mounts, args] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(pyodide));
const py = await loadPyodide();
for (const [there, here] of Object.entries(JSON.parse(mounts))) {
  py.FS.mkdirTree(there);
  py.FS.mount(py.FS.filesystems.NODEFS, { root: here }, there);
}
const program = `
import json, os, sys, types
sys.dont_write_bytecode = True
sys.path[:0] = ["/project", "/site"]
os.chdir("/project")
os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
from _pytest._py import error, path
sys.modules["py"] = types.ModuleType("py")  # pytest brings it as a file beside its folders
sys.modules["py"].error, sys.modules["py"].path = error, path
import pytest
print("Python", *sys.version_info[:2], sys.platform)
int(pytest.main(json.loads(arguments)))
`;
process.exit(py.runPython(program, { locals: py.toPy({ arguments: args }) }));
