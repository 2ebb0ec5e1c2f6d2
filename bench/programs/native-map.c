// The maps of the native programs g and u: the least that does their work, a hash table of 256 places by open addressing,
// with no limit, no deletion and no other sizes, and an array. What BPF programs have in their place is real maps.
#include <stdint.h>
#include <string.h>

enum { PLACES = 256, ELEMENTS = 32, ARRAY = 2 };
static uint32_t used[PLACES], keys[PLACES];
static uint64_t values[PLACES], elements[ELEMENTS];

static uint32_t place_of(uint32_t key) {
  uint32_t hash = key;
  hash ^= hash >> 16;
  hash *= 0x85ebca6b;
  hash ^= hash >> 13;
  hash *= 0xc2b2ae35;
  hash ^= hash >> 16;
  uint32_t at = hash & (PLACES - 1);
  while (used[at] && keys[at] != key) at = (at + 1) & (PLACES - 1);
  return at;
}

void *helper_lookup(uint64_t map, const void *key) {
  uint32_t number;
  memcpy(&number, key, sizeof number);
  if (map == ARRAY) return number < ELEMENTS ? &elements[number] : 0;
  uint32_t at = place_of(number);
  return used[at] ? &values[at] : 0;
}

long helper_update(uint64_t map, const void *key, const void *value, uint64_t flags) {
  uint32_t number;
  memcpy(&number, key, sizeof number);
  uint32_t at = place_of(number);
  used[at] = 1;
  keys[at] = number;
  memcpy(&values[at], value, sizeof values[at]);
  return 0;
}
