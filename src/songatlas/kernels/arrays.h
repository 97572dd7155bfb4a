/* Arrays as Python hands them over: held, checked and let go. Nothing is read before it is checked. */
#ifndef SONGATLAS_ARRAYS_H
#define SONGATLAS_ARRAYS_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "engine.h"

#define ANY PY_SSIZE_T_MIN /* a dimension of any length */

typedef enum { SINGLES, DOUBLES, REALS, BYTES, SHORTS, INTS, LONGS } Kind;

/* All arrays of one call. */
typedef struct {
    Py_buffer *views;
    size_t n, room;
} Held;

static inline void held_release(Held *held)
{
    for (size_t i = 0; i < held->n; i++)
        PyBuffer_Release(&held->views[i]);
    PyMem_Free(held->views);
    held->views = NULL;
    held->n = held->room = 0;
}

static inline int held_room(Held *held, size_t room)
{
    held->n = 0;
    held->room = room;
    held->views = PyMem_Calloc(room, sizeof(Py_buffer));
    if (!held->views)
        PyErr_NoMemory();
    return held->views ? 0 : -1;
}

static inline int kind_fits(const Py_buffer *view, Kind kind)
{
    const char *format = view->format ? view->format : "B";
    if (*format == '@' || *format == '=')
        format++;
    if (!format[0] || format[1])
        return 0;
    int whole = strchr("ilq", format[0]) != NULL;
    switch (kind) {
    case SINGLES: return format[0] == 'f' && view->itemsize == 4;
    case DOUBLES: return format[0] == 'd' && view->itemsize == 8;
    case REALS: return (format[0] == 'f' && view->itemsize == 4) || (format[0] == 'd' && view->itemsize == 8);
    case BYTES: return format[0] == 'B' && view->itemsize == 1;
    case SHORTS: return format[0] == 'H' && view->itemsize == 2;
    case INTS: return whole && view->itemsize == 4;
    case LONGS: return whole && view->itemsize == 8;
    }
    return 0;
}

static const char *const KIND_NAMES[] = {"float32", "float64", "float32 or float64", "uint8", "uint16", "int32", "int64"};

/* Hold an array in C order; NULL with ValueError where kind, shape or access is not as it must be. */
static inline Py_buffer *hold(Held *held, PyObject *source, const char *name, Kind kind, int writable, int ndim,
                              Py_ssize_t rows, Py_ssize_t columns, Py_ssize_t depth)
{
    Py_ssize_t wanted[3] = {rows, columns, depth};
    if (held->n == held->room) {
        PyErr_SetString(PyExc_SystemError, "more arrays than there is room for");
        return NULL;
    }
    Py_buffer *view = &held->views[held->n];
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(source, view, flags)) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError, "%s must be a %sarray in C order", name, writable ? "writable " : "");
        return NULL;
    }
    held->n++;
    if (!kind_fits(view, kind)) {
        PyErr_Format(PyExc_ValueError, "%s must be of %s", name, KIND_NAMES[kind]);
        return NULL;
    }
    if (view->ndim != ndim) {
        PyErr_Format(PyExc_ValueError, "%s must have %d dimensions, not %d", name, ndim, view->ndim);
        return NULL;
    }
    for (int axis = 0; axis < ndim; axis++)
        if (wanted[axis] != ANY && view->shape[axis] != wanted[axis]) {
            PyErr_Format(PyExc_ValueError, "%s must be %zd long on axis %d, not %zd", name, wanted[axis], axis,
                         view->shape[axis]);
            return NULL;
        }
    return view;
}

/* Hold points; their dimensions are then known. */
static inline int hold_points(Held *held, PyObject *source, Points *points)
{
    Py_buffer *view = hold(held, source, "points", REALS, 0, 2, ANY, ANY, ANY);
    if (!view)
        return -1;
    if (view->shape[1] < 1) {
        PyErr_SetString(PyExc_ValueError, "points must have at least one dimension");
        return -1;
    }
    points->values = view->buf;
    points->is_double = view->itemsize == 8;
    points->n_rows = (size_t)view->shape[0];
    points->n_dimensions = (size_t)view->shape[1];
    return 0;
}

/* Check that first <= last <= all. */
static inline int range_fits(Py_ssize_t first, Py_ssize_t last, size_t all, const char *what)
{
    if (first >= 0 && first <= last && (size_t)last <= all)
        return 1;
    PyErr_Format(PyExc_ValueError, "%s %zd to %zd do not exist: there are %zd", what, first, last,
                 (Py_ssize_t)all);
    return 0;
}

/* Check that numbers which will be used as places exist. */
static inline int places_fit(const int32_t *places, size_t n, size_t step, size_t start, size_t below,
                             const char *name)
{
    for (size_t i = start; i < n * step; i += step)
        if (places[i] < 0 || (size_t)places[i] >= below) {
            PyErr_Format(PyExc_ValueError, "%s hold %d: they must be from 0 to %zd", name, (int)places[i],
                         (Py_ssize_t)below - 1);
            return 0;
        }
    return 1;
}

/* Check that numbers rise, by at least `step`, from 0 or more to `last`. */
static inline int rising(const int64_t *numbers, size_t n, int64_t step, int64_t last, const char *name)
{
    int fit = n > 0 && numbers[n - 1] == last && numbers[0] >= 0;
    for (size_t i = 1; fit && i < n; i++)
        fit = numbers[i] >= numbers[i - 1] && numbers[i] - numbers[i - 1] >= step;
    if (!fit)
        PyErr_Format(PyExc_ValueError, "%s must rise to %lld", name, (long long)last);
    return fit;
}

/* Let go of the arrays and return None, or ValueError for the row that stopped the loop. */
static inline PyObject *finish(Held *held, int64_t bad, const char *what)
{
    held_release(held);
    if (bad == NO_MEMORY)
        return PyErr_NoMemory();
    if (bad >= 0)
        return PyErr_Format(PyExc_ValueError, "%s row %lld does not exist", what, (long long)bad);
    Py_RETURN_NONE;
}

static inline PyObject *fail(Held *held)
{
    held_release(held);
    return NULL;
}

#endif
