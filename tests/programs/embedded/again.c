/* again.c: again PROGRAM: runs the Python program in three interpreters, one
   after the other, in one process. */

#include <Python.h>

int
main(int count, char **arguments)
{
    int round, failed = count != 2;

    for (round = 0; round < 3 && !failed; round++) {
        Py_Initialize();
        failed = PyRun_SimpleString(arguments[1]) < 0;
        Py_Finalize();
    }
    return failed;
}
