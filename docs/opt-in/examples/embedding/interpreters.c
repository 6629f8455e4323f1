#include <Python.h>

static int
run(const char *code)
{
    PyThreadState *before = PyThreadState_Get();
    PyThreadState *state = Py_NewInterpreter();
    int failed;

    if (state == NULL)
        return 1;
    failed = PyRun_SimpleString(code) < 0;
    Py_EndInterpreter(state);
    PyThreadState_Swap(before);
    return failed;
}

int
main(void)
{
    int failed;

    Py_Initialize();
    failed = run("import _ssl_backport\n"
                 "_ssl_backport.install()\n"
                 "import program\n"
                 "program.main()\n") ||
             run("import sys\n"
                 "assert '_ssl_backport' not in sys.modules\n");
    Py_Finalize();
    return failed;
}
