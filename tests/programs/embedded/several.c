/* several.c: several PROGRAM: runs the Python program in three interpreters
   that exist at the same time, then in another one after their end, and last
   in the first interpreter of the process. */

#include <Python.h>

#define COUNT 3

static int
run_in_new(const char *program, PyThreadState **state)
{
    *state = Py_NewInterpreter();
    return *state == NULL || PyRun_SimpleString(program) < 0;
}

static void
end(PyThreadState *state)
{
    if (state != NULL) {
        PyThreadState_Swap(state);
        Py_EndInterpreter(state);
    }
}

int
main(int count, char **arguments)
{
    PyThreadState *first, *states[COUNT], *later;
    int number, failed = 0;

    if (count != 2) {
        return 1;
    }
    Py_Initialize();
    first = PyThreadState_Get();
    for (number = 0; number < COUNT; number++) {
        failed |= run_in_new(arguments[1], &states[number]);
    }
    for (number = 0; number < COUNT; number++) {
        end(states[number]);
    }
    PyThreadState_Swap(first);
    failed |= run_in_new(arguments[1], &later);
    end(later);
    PyThreadState_Swap(first);
    failed |= PyRun_SimpleString(arguments[1]) < 0;
    Py_Finalize();
    return failed;
}
