/* The module songatlas.kernels._kernels: checks the arrays, lets other threads run, calls the loops.
 *
 * Every function checks type, shape and order of every array before it touches any, and raises ValueError
 * where one does not fit; labels and row numbers are checked where they are used.
 */
#include "arrays.h"
#include "hashes.h"
#include "lloyd.h"
#include "loudness.h"
#include "rows.h"

static const Engine *const ENGINES[] = {
#if defined(__x86_64__)
    &engine_avx512, &engine_avx2,
#endif
    &engine_plain};
#define PRODUCTS_A_LOOK ((size_t)1 << 31) /* about a tenth of a second of work */
#define N_ENGINES (sizeof ENGINES / sizeof *ENGINES)

static const Engine *engine; /* the one in use */

static PyObject *variants(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(nothing))
{
    PyObject *names = PyList_New(0);
    for (size_t i = 0; names && i < N_ENGINES; i++) {
        if (!ENGINES[i]->runs_here())
            continue;
        PyObject *name = PyUnicode_FromString(ENGINES[i]->name);
        if (!name || PyList_Append(names, name))
            Py_CLEAR(names);
        Py_XDECREF(name);
    }
    return names;
}

static PyObject *variant(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(nothing))
{
    return PyUnicode_FromString(engine->name);
}

static PyObject *use_variant(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *wanted;
    if (!PyArg_ParseTuple(args, "U", &wanted))
        return NULL;
    for (size_t i = 0; i < N_ENGINES; i++)
        if (ENGINES[i]->runs_here() && PyUnicode_CompareWithASCIIString(wanted, ENGINES[i]->name) == 0) {
            engine = ENGINES[i];
            Py_RETURN_NONE;
        }
    return PyErr_Format(PyExc_ValueError, "no kernels called %R run on this processor", wanted);
}

static PyObject *reach(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *points_in, *shift_in;
    Py_ssize_t first, last;
    Held held;
    Points points;
    Py_buffer *shift;
    double answer;
    if (!PyArg_ParseTuple(args, "OOnn", &points_in, &shift_in, &first, &last) || held_room(&held, 2))
        return NULL;
    if (hold_points(&held, points_in, &points) ||
        !(shift = hold(&held, shift_in, "shift", DOUBLES, 0, 1, (Py_ssize_t)points.n_dimensions, ANY, ANY)) ||
        !range_fits(first, last, points.n_rows, "rows"))
        return fail(&held);
    Py_BEGIN_ALLOW_THREADS;
    answer = rows_reach(&points, shift->buf, (size_t)first, (size_t)last);
    Py_END_ALLOW_THREADS;
    held_release(&held);
    return PyFloat_FromDouble(answer);
}

static PyObject *pack(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *points_in, *order_in, *shift_in, *tiles_in, *longest_in;
    Py_ssize_t first, last;
    double scale;
    Held held;
    Points points;
    Py_buffer *shift, *tiles, *order = NULL, *longest = NULL;
    int64_t bad;
    if (!PyArg_ParseTuple(args, "OOOdOOnn", &points_in, &order_in, &shift_in, &scale, &tiles_in, &longest_in,
                          &first, &last) ||
        held_room(&held, 5))
        return NULL;
    if (hold_points(&held, points_in, &points) ||
        !(shift = hold(&held, shift_in, "shift", DOUBLES, 0, 1, (Py_ssize_t)points.n_dimensions, ANY, ANY)) ||
        !(tiles = hold(&held, tiles_in, "tiles", SINGLES, 1, 3, ANY, (Py_ssize_t)points.n_dimensions, ANY)) ||
        (order_in != Py_None && !(order = hold(&held, order_in, "order", LONGS, 0, 1, ANY, ANY, ANY))) ||
        (longest_in != Py_None &&
         !(longest = hold(&held, longest_in, "longest", SINGLES, 1, 1, tiles->shape[0], ANY, ANY))) ||
        !range_fits(first, last, (size_t)tiles->shape[0], "tiles"))
        return fail(&held);
    if (tiles->shape[2] < 1) {
        PyErr_SetString(PyExc_ValueError, "tiles must be at least one row wide");
        return fail(&held);
    }
    size_t n_packed = order ? (size_t)order->shape[0] : points.n_rows;
    Py_BEGIN_ALLOW_THREADS;
    bad = rows_pack(&points, order ? order->buf : NULL, n_packed, shift->buf, scale, (size_t)tiles->shape[2],
                    (size_t)first, (size_t)last, tiles->buf, longest ? longest->buf : NULL);
    Py_END_ALLOW_THREADS;
    return finish(&held, bad, "the number of");
}

static PyObject *sum_rows(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *points_in, *labels_in, *weights_in, *sums_in, *counts_in;
    Py_ssize_t first, last;
    Held held;
    Points points;
    Py_buffer *labels, *sums, *counts, *weights = NULL;
    int64_t bad;
    if (!PyArg_ParseTuple(args, "OOOnnOO", &points_in, &labels_in, &weights_in, &first, &last, &sums_in,
                          &counts_in) ||
        held_room(&held, 5))
        return NULL;
    if (hold_points(&held, points_in, &points) ||
        !(labels = hold(&held, labels_in, "labels", INTS, 0, 1, (Py_ssize_t)points.n_rows, ANY, ANY)) ||
        (weights_in != Py_None &&
         !(weights = hold(&held, weights_in, "weights", DOUBLES, 0, 1, (Py_ssize_t)points.n_rows, ANY, ANY))) ||
        !(sums = hold(&held, sums_in, "sums", DOUBLES, 1, 2, ANY, (Py_ssize_t)points.n_dimensions, ANY)) ||
        !(counts = hold(&held, counts_in, "counts", DOUBLES, 1, 1, sums->shape[0], ANY, ANY)) ||
        !range_fits(first, last, points.n_rows, "rows"))
        return fail(&held);
    const Engine *chosen = engine;
    Py_BEGIN_ALLOW_THREADS;
    bad = chosen->sum(&points, labels->buf, weights ? weights->buf : NULL, (size_t)first, (size_t)last,
                   (size_t)sums->shape[0], sums->buf, counts->buf);
    Py_END_ALLOW_THREADS;
    return finish(&held, bad, "the label of");
}

static PyObject *move_rows(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *points_in, *labels_in, *changed_in, *before_in, *gained_in, *lost_in, *gained_counts_in,
        *lost_counts_in;
    Held held;
    Points points;
    Py_buffer *labels, *changed, *before, *gained, *lost, *gained_counts, *lost_counts;
    int64_t bad;
    if (!PyArg_ParseTuple(args, "OOOOOOOO", &points_in, &labels_in, &changed_in, &before_in, &gained_in,
                          &lost_in, &gained_counts_in, &lost_counts_in) ||
        held_room(&held, 8))
        return NULL;
    if (hold_points(&held, points_in, &points))
        return fail(&held);
    Py_ssize_t n_dimensions = (Py_ssize_t)points.n_dimensions;
    if (!(labels = hold(&held, labels_in, "labels", INTS, 0, 1, (Py_ssize_t)points.n_rows, ANY, ANY)) ||
        !(changed = hold(&held, changed_in, "changed", LONGS, 0, 1, ANY, ANY, ANY)) ||
        !(before = hold(&held, before_in, "before", INTS, 0, 1, changed->shape[0], ANY, ANY)) ||
        !(gained = hold(&held, gained_in, "gained", DOUBLES, 1, 2, ANY, n_dimensions, ANY)) ||
        !(lost = hold(&held, lost_in, "lost", DOUBLES, 1, 2, gained->shape[0], n_dimensions, ANY)) ||
        !(gained_counts = hold(&held, gained_counts_in, "gained counts", DOUBLES, 1, 1, gained->shape[0], ANY,
                               ANY)) ||
        !(lost_counts = hold(&held, lost_counts_in, "lost counts", DOUBLES, 1, 1, gained->shape[0], ANY, ANY)))
        return fail(&held);
    const Engine *chosen = engine;
    Py_BEGIN_ALLOW_THREADS;
    bad = chosen->move(&points, labels->buf, changed->buf, before->buf, (size_t)changed->shape[0],
                    (size_t)gained->shape[0], gained->buf, lost->buf, gained_counts->buf, lost_counts->buf);
    Py_END_ALLOW_THREADS;
    return finish(&held, bad, "number or label of changed");
}

static PyObject *distances(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *points_in, *centroids_in, *labels_in, *out_in;
    Py_ssize_t first, last;
    Held held;
    Points points;
    Py_buffer *centroids, *labels, *out;
    int64_t bad;
    if (!PyArg_ParseTuple(args, "OOOnnO", &points_in, &centroids_in, &labels_in, &first, &last, &out_in) ||
        held_room(&held, 4))
        return NULL;
    if (hold_points(&held, points_in, &points) ||
        !(centroids = hold(&held, centroids_in, "centroids", DOUBLES, 0, 2, ANY, (Py_ssize_t)points.n_dimensions,
                           ANY)) ||
        !(labels = hold(&held, labels_in, "labels", INTS, 0, 1, (Py_ssize_t)points.n_rows, ANY, ANY)) ||
        !(out = hold(&held, out_in, "distances", DOUBLES, 1, 1, (Py_ssize_t)points.n_rows, ANY, ANY)) ||
        !range_fits(first, last, points.n_rows, "rows"))
        return fail(&held);
    Py_BEGIN_ALLOW_THREADS;
    bad = rows_distances(&points, centroids->buf, labels->buf, (size_t)first, (size_t)last,
                         (size_t)centroids->shape[0], out->buf);
    Py_END_ALLOW_THREADS;
    return finish(&held, bad, "the label of");
}

static PyObject *spread(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *points_in, *centroids_in, *labels_in, *squares_in, *lengths_in;
    Py_ssize_t first, last;
    Held held;
    Points points;
    Py_buffer *centroids, *labels, *squares, *lengths;
    int64_t bad;
    if (!PyArg_ParseTuple(args, "OOOnnOO", &points_in, &centroids_in, &labels_in, &first, &last, &squares_in,
                          &lengths_in) ||
        held_room(&held, 5))
        return NULL;
    if (hold_points(&held, points_in, &points) ||
        !(centroids = hold(&held, centroids_in, "centroids", DOUBLES, 0, 2, ANY, (Py_ssize_t)points.n_dimensions,
                           ANY)) ||
        !(labels = hold(&held, labels_in, "labels", INTS, 0, 1, (Py_ssize_t)points.n_rows, ANY, ANY)) ||
        !(squares = hold(&held, squares_in, "squares", DOUBLES, 1, 1, centroids->shape[0], ANY, ANY)) ||
        !(lengths = hold(&held, lengths_in, "lengths", DOUBLES, 1, 1, centroids->shape[0], ANY, ANY)) ||
        !range_fits(first, last, points.n_rows, "rows"))
        return fail(&held);
    Py_BEGIN_ALLOW_THREADS;
    bad = rows_spread(&points, centroids->buf, labels->buf, (size_t)first, (size_t)last,
                      (size_t)centroids->shape[0], squares->buf, lengths->buf);
    Py_END_ALLOW_THREADS;
    return finish(&held, bad, "the label of");
}

/* Hold points and what the screen makes of them. */
static int hold_screen(Held *held, PyObject *points_in, PyObject *const *screen_in, Points *points, Screen *screen)
{
    Py_buffer *blocks, *longest, *shift;
    if (hold_points(held, points_in, points))
        return -1;
    Py_ssize_t n_blocks = (Py_ssize_t)((points->n_rows + BLOCK - 1) / BLOCK);
    Py_ssize_t n_dimensions = (Py_ssize_t)points->n_dimensions;
    if (!(blocks = hold(held, screen_in[0], "blocks", SINGLES, 0, 3, n_blocks, n_dimensions, BLOCK)) ||
        !(longest = hold(held, screen_in[1], "longest", SINGLES, 0, 1, n_blocks, ANY, ANY)) ||
        !(shift = hold(held, screen_in[2], "shift", DOUBLES, 0, 1, n_dimensions, ANY, ANY)))
        return -1;
    screen->blocks = blocks->buf;
    screen->longest = longest->buf;
    screen->shift = shift->buf;
    return 0;
}

/* Hold centroids: at least one, and fewer than would overflow their numbers. */
static Py_buffer *hold_centroids(Held *held, PyObject *source, int writable, const Points *points)
{
    Py_buffer *centroids =
        hold(held, source, "centroids", DOUBLES, writable, 2, ANY, (Py_ssize_t)points->n_dimensions, ANY);
    if (centroids && (centroids->shape[0] < 1 || centroids->shape[0] > INT32_MAX / 2)) {
        PyErr_SetString(PyExc_ValueError, "there must be a centroid, and fewer than a billion of them");
        return NULL;
    }
    return centroids;
}

static PyObject *relabel(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *points_in, *screen_in[3], *centroids_in, *labels_in, *changed_in, *before_in, *until_in;
    Py_ssize_t first, last;
    Screen screen;
    Relabeling mine = {0};
    Bounds bounds = {0};
    double drift;
    Held held;
    Points points;
    Py_buffer *centroids, *labels, *changed = NULL, *before = NULL, *until = NULL;
    if (!PyArg_ParseTuple(args, "O(OOOd)OOOOOdnn", &points_in, &screen_in[0], &screen_in[1], &screen_in[2],
                          &screen.scale, &centroids_in, &labels_in, &changed_in, &before_in, &until_in, &drift,
                          &first, &last) ||
        held_room(&held, 9))
        return NULL;
    if (hold_screen(&held, points_in, screen_in, &points, &screen))
        return fail(&held);
    Py_ssize_t n_rows = (Py_ssize_t)points.n_rows, n_blocks = (n_rows + BLOCK - 1) / BLOCK;
    if (!(centroids = hold_centroids(&held, centroids_in, 0, &points)) ||
        !(labels = hold(&held, labels_in, "labels", INTS, 1, 1, n_rows, ANY, ANY)) ||
        (changed_in != Py_None &&
         (!(changed = hold(&held, changed_in, "changed", LONGS, 1, 1, ANY, ANY, ANY)) ||
          !(before = hold(&held, before_in, "before", INTS, 1, 1, changed->shape[0], ANY, ANY)))) ||
        (until_in != Py_None && !(until = hold(&held, until_in, "until", DOUBLES, 1, 1, n_blocks, ANY, ANY))) ||
        !range_fits(first, last, (size_t)n_blocks, "blocks"))
        return fail(&held);
    Py_ssize_t stop = last * BLOCK < n_rows ? last * BLOCK : n_rows;
    if (changed && changed->shape[0] < stop - first * BLOCK) {
        PyErr_SetString(PyExc_ValueError, "changed must have room for every row");
        return fail(&held);
    }
    mine.centroids = centroids->buf;
    mine.k = (size_t)centroids->shape[0];
    mine.labels = labels->buf;
    mine.changed = changed ? changed->buf : NULL;
    mine.before = before ? before->buf : NULL;
    bounds.until = until ? until->buf : NULL;
    bounds.drifts = &drift;
    mine.bounds = until ? &bounds : NULL;
    int answer;
    const Engine *chosen = engine;
    Py_BEGIN_ALLOW_THREADS;
    answer = chosen->relabel(&points, &screen, &mine, (size_t)first, (size_t)last);
    Py_END_ALLOW_THREADS;
    held_release(&held);
    return answer ? PyErr_NoMemory() : PyLong_FromSize_t(mine.n_changed);
}

/* Who waits for a run: its flag is looked at before each pass, a key pressed to interrupt now and then. */
typedef struct {
    const volatile uint8_t *flag;
    size_t passes_a_look;
    int interrupted;
} Waiting;

static int go_on(void *caller, size_t n_passes)
{
    Waiting *waiting = caller;
    if ((n_passes + 1) % waiting->passes_a_look == 0) {
        PyGILState_STATE state = PyGILState_Ensure();
        waiting->interrupted = PyErr_CheckSignals() != 0;
        PyGILState_Release(state);
    }
    return !waiting->interrupted && !*waiting->flag;
}

static PyObject *lloyd(PyObject *Py_UNUSED(self), PyObject *args)
{
    static const char *const outcomes[] = {"converged", "ended", "hopeless", "empty", "stopped"};
    PyObject *points_in, *screen_in[3], *centroids_in, *labels_in, *history_in, *edges_in, *flag_in;
    Py_ssize_t patience;
    Screen screen;
    Lloyd run = {0};
    Held held;
    Points points;
    Py_buffer *centroids, *labels, *history, *edges, *flag;
    if (!PyArg_ParseTuple(args, "O(OOOd)OOOO(ddddddn)O", &points_in, &screen_in[0], &screen_in[1], &screen_in[2],
                          &screen.scale, &centroids_in, &labels_in, &history_in, &edges_in, &run.total,
                          &run.tolerance, &run.bar, &run.foresight, &run.afresh_share, &run.stretch, &patience, &flag_in) ||
        held_room(&held, 9))
        return NULL;
    if (hold_screen(&held, points_in, screen_in, &points, &screen) ||
        !(centroids = hold_centroids(&held, centroids_in, 1, &points)) ||
        !(labels = hold(&held, labels_in, "labels", INTS, 1, 1, (Py_ssize_t)points.n_rows, ANY, ANY)) ||
        !(history = hold(&held, history_in, "history", DOUBLES, 1, 1, ANY, ANY, ANY)) ||
        !(edges = hold(&held, edges_in, "edges", LONGS, 0, 1, ANY, ANY, ANY)) ||
        !(flag = hold(&held, flag_in, "flag", BYTES, 0, 1, 1, ANY, ANY)) ||
        !rising(edges->buf, (size_t)edges->shape[0], 0, (int64_t)points.n_rows, "edges"))
        return fail(&held);
    if (history->shape[0] < 1 || *(const int64_t *)edges->buf != 0) {
        PyErr_SetString(PyExc_ValueError, "history must have room for one iteration, and edges begin at 0");
        return fail(&held);
    }
    run.centroids = centroids->buf;
    run.k = (size_t)centroids->shape[0];
    run.labels = labels->buf;
    run.history = history->buf;
    run.max_iter = (size_t)history->shape[0];
    run.patience = (size_t)(patience > 0 ? patience : 0);
    run.edges = edges->buf;
    run.n_chunks = (size_t)edges->shape[0] - 1;
    Waiting waiting = {.flag = flag->buf};
    waiting.passes_a_look = 1 + PRODUCTS_A_LOOK / (1 + run.k * points.n_rows * points.n_dimensions);
    run.go_on = go_on;
    run.caller = &waiting;
    Outcome outcome;
    const Engine *chosen = engine;
    Py_BEGIN_ALLOW_THREADS;
    outcome = lloyd_run(chosen, &points, &screen, &run);
    Py_END_ALLOW_THREADS;
    held_release(&held);
    if (waiting.interrupted)
        return NULL;
    if (outcome == LLOYD_NO_MEMORY)
        return PyErr_NoMemory();
    return Py_BuildValue("(sn)", outcomes[outcome], (Py_ssize_t)run.n_iter);
}

static PyObject *candidate_distances(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *columns_in, *candidates_in, *closest_in, *updates_in;
    Held held;
    Points columns;
    Py_buffer *candidates, *closest, *updates;
    if (!PyArg_ParseTuple(args, "OOOO", &columns_in, &candidates_in, &closest_in, &updates_in) ||
        held_room(&held, 4))
        return NULL;
    if (hold_points(&held, columns_in, &columns))
        return fail(&held);
    size_t n_dimensions = columns.n_rows;
    columns.n_rows = columns.n_dimensions; /* columns lie the other way round */
    columns.n_dimensions = n_dimensions;
    Py_ssize_t n_rows = (Py_ssize_t)columns.n_rows;
    if (!(candidates = hold(&held, candidates_in, "candidates", DOUBLES, 0, 2, ANY, (Py_ssize_t)n_dimensions,
                            ANY)) ||
        !(closest = hold(&held, closest_in, "closest", DOUBLES, 0, 1, n_rows, ANY, ANY)) ||
        !(updates = hold(&held, updates_in, "updates", DOUBLES, 1, 2, candidates->shape[0], n_rows, ANY)))
        return fail(&held);
    const Engine *chosen = engine;
    Py_BEGIN_ALLOW_THREADS;
    chosen->distances_to_candidates(&columns, candidates->buf, (size_t)candidates->shape[0], closest->buf,
                                    updates->buf);
    Py_END_ALLOW_THREADS;
    return finish(&held, -1, "");
}

static PyObject *compare(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *songs_in, *queries_in, *strips_in, *segments_in, *edges_in, *sizes_in, *own_in, *values_in;
    Py_ssize_t n_songs, first, last;
    Comparison given;
    Held held;
    Py_buffer *songs, *queries, *strips, *segments, *edges, *sizes, *own, *values;
    if (!PyArg_ParseTuple(args, "OnOOOOOOOnn", &songs_in, &n_songs, &queries_in, &strips_in, &segments_in,
                          &edges_in, &sizes_in, &own_in, &values_in, &first, &last) ||
        held_room(&held, 8))
        return NULL;
    if (!(songs = hold(&held, songs_in, "songs", SINGLES, 0, 3, ANY, ANY, SONG_TILE)) ||
        !range_fits(1, n_songs, (size_t)songs->shape[0] * SONG_TILE, "songs") ||
        !(queries = hold(&held, queries_in, "queries", SINGLES, 0, 3, ANY, songs->shape[1], BLOCK)) ||
        !(strips = hold(&held, strips_in, "strips", LONGS, 0, 1, (n_songs + STRIP - 1) / STRIP + 1, ANY, ANY)) ||
        !(segments = hold(&held, segments_in, "segments", INTS, 0, 2, ANY, 3, ANY)) ||
        !(edges = hold(&held, edges_in, "edges", LONGS, 0, 1, ANY, ANY, ANY)) ||
        !(sizes = hold(&held, sizes_in, "sizes", DOUBLES, 0, 1, ANY, ANY, ANY)) ||
        !(own = hold(&held, own_in, "own", INTS, 0, 2, ANY, edges->shape[0] - 1, ANY)) ||
        !(values = hold(&held, values_in, "values", DOUBLES, 1, 2, own->shape[1], own->shape[0], ANY)))
        return fail(&held);
    given.n_songs = (size_t)n_songs;
    given.n_dimensions = (size_t)songs->shape[1];
    given.n_labelings = (size_t)own->shape[1];
    given.n_clusters = (size_t)sizes->shape[0];
    given.n_queries = (size_t)own->shape[0];
    if (given.n_labelings < 1 ||
        queries->shape[0] != (Py_ssize_t)((given.n_queries + BLOCK - 1) / BLOCK)) {
        PyErr_SetString(PyExc_ValueError, "queries or labelings are fewer than they should be");
        return fail(&held);
    }
    if (!range_fits(first, last, (size_t)queries->shape[0], "blocks") ||
        !rising(edges->buf, given.n_labelings + 1, 1, sizes->shape[0], "edges") ||
        !rising(strips->buf, (size_t)strips->shape[0], 0, segments->shape[0], "strips") ||
        !places_fit(segments->buf, (size_t)segments->shape[0], 3, 0, STRIP + 1, "segments") ||
        !places_fit(segments->buf, (size_t)segments->shape[0], 3, 1, STRIP + 1, "segments") ||
        !places_fit(segments->buf, (size_t)segments->shape[0], 3, 2, given.n_clusters, "segment rows") ||
        !places_fit(own->buf, given.n_queries * given.n_labelings, 1, 0, given.n_clusters, "own"))
        return fail(&held);
    given.songs = songs->buf;
    given.queries = queries->buf;
    given.strips = strips->buf;
    given.segments = segments->buf;
    given.edges = edges->buf;
    given.sizes = sizes->buf;
    given.own = own->buf;
    int answer;
    const Engine *chosen = engine;
    Py_BEGIN_ALLOW_THREADS;
    answer = chosen->compare(&given, (size_t)first, (size_t)last, values->buf);
    Py_END_ALLOW_THREADS;
    held_release(&held);
    if (answer)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *find_sides(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *blocks_in, *lines_in, *edges_in, *own_in, *within_in, *nearest_in;
    Held held;
    Py_buffer *blocks, *lines, *edges, *own, *within, *nearest;
    if (!PyArg_ParseTuple(args, "OOOOOO", &blocks_in, &lines_in, &edges_in, &own_in, &within_in, &nearest_in) ||
        held_room(&held, 6))
        return NULL;
    if (!(blocks = hold(&held, blocks_in, "blocks", SINGLES, 0, 3, ANY, ANY, BLOCK)) ||
        !(lines = hold(&held, lines_in, "lines", SINGLES, 0, 2, ANY, blocks->shape[1] + 1, ANY)) ||
        !(edges = hold(&held, edges_in, "edges", LONGS, 0, 1, ANY, ANY, ANY)) ||
        !(own = hold(&held, own_in, "own", INTS, 0, 2, edges->shape[0] - 1, blocks->shape[0] * BLOCK, ANY)) ||
        !(within = hold(&held, within_in, "within", SINGLES, 1, 2, own->shape[0], own->shape[1], ANY)) ||
        !(nearest = hold(&held, nearest_in, "nearest", SINGLES, 1, 2, own->shape[0], own->shape[1], ANY)) ||
        !rising(edges->buf, (size_t)edges->shape[0], 0, lines->shape[0], "edges"))
        return fail(&held);
    Sides given = {.n_blocks = (size_t)blocks->shape[0], .n_dimensions = (size_t)blocks->shape[1]};
    given.n_labelings = (size_t)own->shape[0];
    given.blocks = blocks->buf;
    given.lines = lines->buf;
    given.edges = edges->buf;
    given.own = own->buf;
    given.within = within->buf;
    given.nearest = nearest->buf;
    const Engine *chosen = engine;
    Py_BEGIN_ALLOW_THREADS;
    chosen->find_sides(&given);
    Py_END_ALLOW_THREADS;
    return finish(&held, -1, "");
}

static PyObject *tour(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *labels_in, *order_in;
    Held held;
    Py_buffer *labels, *order;
    if (!PyArg_ParseTuple(args, "OO", &labels_in, &order_in) || held_room(&held, 2))
        return NULL;
    if (!(labels = hold(&held, labels_in, "labels", SHORTS, 1, 2, ANY, ANY, ANY)) ||
        !(order = hold(&held, order_in, "order", LONGS, 1, 1, labels->shape[1], ANY, ANY)))
        return fail(&held);
    Py_BEGIN_ALLOW_THREADS;
    rows_tour(labels->buf, (size_t)labels->shape[0], (size_t)labels->shape[1], order->buf);
    Py_END_ALLOW_THREADS;
    return finish(&held, -1, "");
}

static PyObject *text_hashes(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *content_in, *edges_in, *out_in;
    unsigned long long seed;
    Held held;
    Py_buffer *content, *edges, *out;
    if (!PyArg_ParseTuple(args, "OOKO", &content_in, &edges_in, &seed, &out_in) || held_room(&held, 3))
        return NULL;
    if (!(content = hold(&held, content_in, "content", BYTES, 0, 1, ANY, ANY, ANY)) ||
        !(edges = hold(&held, edges_in, "edges", LONGS, 0, 1, ANY, ANY, ANY)) ||
        !rising(edges->buf, (size_t)edges->shape[0], 0, (int64_t)content->shape[0], "edges") ||
        !(out = hold(&held, out_in, "hashes", LONGS, 1, 1, edges->shape[0] - 1, ANY, ANY)))
        return fail(&held);
    Py_BEGIN_ALLOW_THREADS;
    hashes_of_texts(content->buf, edges->buf, (size_t)out->shape[0], (uint64_t)seed, out->buf);
    Py_END_ALLOW_THREADS;
    return finish(&held, -1, "");
}

static PyObject *weighted_squares(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *frames_in, *filters_in, *states_in, *edges_in, *squares_in;
    Held held;
    Py_buffer *frames, *filters, *states, *edges, *squares;
    float peak;
    if (!PyArg_ParseTuple(args, "OOOOO", &frames_in, &filters_in, &states_in, &edges_in, &squares_in) ||
        held_room(&held, 5))
        return NULL;
    if (!(frames = hold(&held, frames_in, "frames", SINGLES, 0, 2, ANY, ANY, ANY)) ||
        !(filters = hold(&held, filters_in, "filters", DOUBLES, 0, 2, 2, 5, ANY)) ||
        !(states = hold(&held, states_in, "states", DOUBLES, 1, 2, frames->shape[1], 4, ANY)) ||
        !(squares = hold(&held, squares_in, "squares", DOUBLES, 1, 2, ANY, frames->shape[1], ANY)) ||
        !(edges = hold(&held, edges_in, "edges", LONGS, 0, 1, squares->shape[0] + 1, ANY, ANY)) ||
        !rising(edges->buf, (size_t)edges->shape[0], 0, (int64_t)frames->shape[0], "edges"))
        return fail(&held);
    Sound sound = {frames->buf, (size_t)frames->shape[0], (size_t)frames->shape[1]};
    Py_BEGIN_ALLOW_THREADS;
    peak = loudness_squares(&sound, filters->buf, states->buf, edges->buf, (size_t)squares->shape[0],
                            squares->buf);
    Py_END_ALLOW_THREADS;
    held_release(&held);
    return PyFloat_FromDouble((double)peak);
}

static PyMethodDef METHODS[] = {
    {"variants", variants, METH_NOARGS, "variants() -> names of the kernels that run on this processor"},
    {"variant", variant, METH_NOARGS, "variant() -> name of the kernels in use"},
    {"use_variant", use_variant, METH_VARARGS, "use_variant(name)"},
    {"reach", reach, METH_VARARGS, "reach(points, shift, first, last) -> float"},
    {"pack", pack, METH_VARARGS, "pack(points, order, shift, scale, tiles, longest, first, last)"},
    {"sum_rows", sum_rows, METH_VARARGS, "sum_rows(points, labels, weights, first, last, sums, counts)"},
    {"move_rows", move_rows, METH_VARARGS,
     "move_rows(points, labels, changed, before, gained, lost, gained_counts, lost_counts)"},
    {"distances", distances, METH_VARARGS, "distances(points, centroids, labels, first, last, out)"},
    {"spread", spread, METH_VARARGS, "spread(points, centroids, labels, first, last, squares, lengths)"},
    {"relabel", relabel, METH_VARARGS,
     "relabel(points, (blocks, longest, shift, scale), centroids, labels, changed, before, until, drift, first, last)"
     " -> int"},
    {"lloyd", lloyd, METH_VARARGS,
     "lloyd(points, (blocks, longest, shift, scale), centroids, labels, history, edges,"
     " (total, tolerance, bar, foresight, afresh_share, stretch, patience), flag) -> (outcome, n_iter)"},
    {"candidate_distances", candidate_distances, METH_VARARGS,
     "candidate_distances(columns, candidates, closest, updates)"},
    {"tour", tour, METH_VARARGS, "tour(labels, order)"},
    {"compare", compare, METH_VARARGS,
     "compare(songs, n_songs, queries, strips, segments, edges, sizes, own, values, first, last)"},
    {"find_sides", find_sides, METH_VARARGS, "find_sides(blocks, lines, edges, own, within, nearest)"},
    {"text_hashes", text_hashes, METH_VARARGS, "text_hashes(content, edges, seed, hashes)"},
    {"weighted_squares", weighted_squares, METH_VARARGS,
     "weighted_squares(frames, filters, states, edges, squares) -> peak"},
    {NULL, NULL, 0, NULL}};

static int start(PyObject *Py_UNUSED(module))
{
    for (size_t i = 0; i < N_ENGINES && !engine; i++)
        if (ENGINES[i]->runs_here())
            engine = ENGINES[i];
    return 0;
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, (void *)start}, {0, NULL}};

static PyModuleDef MODULE = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_kernels",
    .m_doc = "The hot loops of songatlas in C.",
    .m_methods = METHODS,
    .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__kernels(void);

PyMODINIT_FUNC PyInit__kernels(void)
{
    return PyModuleDef_Init(&MODULE);
}
