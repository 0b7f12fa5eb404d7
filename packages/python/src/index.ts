// What `@wsgi/python` offers. Nothing inside the package imports this file.

export { PYTHON_ERRORS, PythonError, type PythonErrorCode } from "./errors.ts";
export { type FoundPython, findPython } from "./find-python.ts";
export { PYTHON_OPTION_TABLE, type PythonOptionRow, type PythonOptions, type TextSink } from "./options.ts";
export { type PythonApplication, type PythonProcess, pythonApplication } from "./python-application.ts";
