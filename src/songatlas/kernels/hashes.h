/* Hashes of texts that are the same on every machine. */
#ifndef SONGATLAS_HASHES_H
#define SONGATLAS_HASHES_H

#include <stddef.h>
#include <stdint.h>

/* Write a hash of the bytes between each two edges. */
void hashes_of_texts(const uint8_t *content, const int64_t *edges, size_t n_texts, uint64_t seed, uint64_t *out);

#endif
