// The maps of the benchmark programs g and u in C, by the algorithm of src/maps: what g and u are quoted beside, for there the
// map is most of what is measured. A hash table of chains that end in a marker with the number of their bucket; elements
// made beforehand, free ones in a list, and a spare that a replacement is written to while the old element is still linked
// and becomes the next spare; a count of lives in every element. Key and value sizes are constants, as they are in compiled
// code, and the functions are foreign to the programs, as helpers are.
#include <stdint.h>
#include <string.h>

enum { ENTRIES = 256, BUCKETS = 256, ARRAY = 32, ANY = 0, NOEXIST = 1, EXIST = 2 };
enum { KEY_BYTES = 4, SEED = 0xbb7fe05e };

struct element {
  uintptr_t link;
  uint32_t hash;
  uint32_t generation;
  struct element *free;
  uint32_t key;
  uint64_t value;
};

struct bucket {
  uintptr_t head;
  uint64_t lock;
};

static struct bucket buckets[BUCKETS];
static struct element elements[ENTRIES + 1];
static struct element *free_list, *spare;
static uint32_t count;
static volatile uint32_t holder;
static uint64_t array[ARRAY];

__attribute__((constructor)) static void fill_lists(void) {
  for (uintptr_t i = 0; i < BUCKETS; i++) buckets[i].head = i << 1 | 1;
  for (int i = 0; i <= ENTRIES; i++) {
    elements[i].generation = 1;
    elements[i].free = free_list;
    free_list = &elements[i];
  }
  spare = free_list;
  free_list = spare->free;
}

static uint32_t mix(uint32_t hash, uint32_t word) {
  uint32_t mixed = (hash ^ word * 0x9e3779b1u) * 0xc2b2ae3du;
  return mixed ^ mixed >> 15;
}

static uint32_t hash_of(const uint8_t *key) {
  uint32_t word, hash = SEED ^ KEY_BYTES * 0x85ebca6bu;
  memcpy(&word, key, 4);
  hash = mix(mix(hash, word), 0);
  hash = (hash ^ hash >> 16) * 0x21f0aaadu;
  hash = (hash ^ hash >> 15) * 0x735a2d97u;
  return hash ^ hash >> 15;
}

uint64_t helper_lookup(uint64_t map, const void *key) {
  if (map == 2) {
    uint32_t index;
    memcpy(&index, key, 4);
    return index < ARRAY ? (uint64_t)&array[index] : 0;
  }
  uint32_t hash = hash_of(key);
  uintptr_t own = hash % BUCKETS, at;
  do {
    for (at = buckets[own].head; !(at & 1); at = ((struct element *)at)->link) {
      struct element *item = (struct element *)at;
      if (item->hash == hash && !memcmp(&item->key, key, KEY_BYTES)) return (uint64_t)&item->value;
    }
  } while (at >> 1 != own);
  return 0;
}

int64_t helper_update(uint64_t map, const void *key, const void *value, uint64_t flags) {
  (void)map;
  if (flags > EXIST) return -22;
  uint32_t hash = hash_of(key);
  struct bucket *bucket = &buckets[hash % BUCKETS];
  if (bucket->lock | holder) return -16;
  uintptr_t first = bucket->head, *previous = &bucket->head;
  struct element *old = 0, *fresh;
  for (uintptr_t at = first; !(at & 1); previous = (uintptr_t *)at, at = *previous) {
    struct element *item = (struct element *)at;
    if (item->hash != hash || memcmp(&item->key, key, KEY_BYTES)) continue;
    if (flags == NOEXIST) return -17;
    old = item;
    break;
  }
  if (!old && flags == EXIST) return -2;
  if (old) {
    fresh = spare;
    spare = old;
  } else {
    if (!(fresh = free_list)) return -7;
    free_list = fresh->free;
  }
  fresh->generation++;
  memcpy(&fresh->key, key, KEY_BYTES);
  memcpy(&fresh->value, value, 8);
  fresh->hash = hash;
  fresh->link = first;
  bucket->head = (uintptr_t)fresh;
  if (!old) {
    count++;
    return 0;
  }
  if (previous == &bucket->head) previous = &fresh->link;
  *previous = old->link;
  old->generation++;
  return 0;
}
