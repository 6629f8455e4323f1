#include <Python.h>

int
main(int count, char **arguments)
{
    int failed;

    Py_Initialize();
    PySys_SetArgvEx(count, arguments, 0);
    failed = PyRun_SimpleString("import _ssl_backport\n"
                                "_ssl_backport.install()\n") < 0 ||
             PyRun_SimpleString("import program\n"
                                "program.main()\n") < 0;
    Py_Finalize();
    return failed;
}
