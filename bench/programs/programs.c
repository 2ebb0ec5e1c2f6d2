// The twelve benchmark programs: one source for native code (gcc -O2) and for BPF (clang -target bpf -mcpu=v3 -O2), from
// which scripts/bench-programs.ts makes the .bpf files beside it. Each is a function of 4096 bytes (input.h), aligned to 8;
// g and u use two maps, a hash table and an array.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define ROLLED _Pragma("clang loop unroll(disable)")
#define INLINE static inline __attribute__((always_inline))

#ifdef __bpf__
#define PROGRAM(name) __attribute__((section("p_" #name), used)) u64 prog_##name(u8 *input)
#define FUNCTION(name) static __attribute__((section("p_" #name), noinline, used))
static void *(*helper_lookup)(u64 map, const void *key) = (void *)1;
static long (*helper_update)(u64 map, const void *key, const void *value, u64 flags) = (void *)2;
// In place of relocations: constants that the script turns into references to maps 0 and 1.
#define HASH 0x4d41500000000001ULL
#define ARRAY 0x4d41500000000002ULL
#else
#define PROGRAM(name) __attribute__((noinline)) u64 prog_##name(u8 *input)
#define FUNCTION(name) static __attribute__((noinline))
extern void *helper_lookup(u64 map, const void *key);
extern long helper_update(u64 map, const void *key, const void *value, u64 flags);
#define HASH 1
#define ARRAY 2
#endif

// a: 64-bit arithmetic, a xorshift and a linear congruential generator, 10000 rounds.
PROGRAM(a) {
  u64 x = *(u64 *)input | 1, sum = 0;
  ROLLED for (u32 i = 0; i < 10000; i++) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    sum = sum * 6364136223846793005ULL + x;
  }
  return sum;
}

// b: 32-bit arithmetic, the mixing step of MurmurHash3, 10000 rounds.
PROGRAM(b) {
  u32 hash = *(u32 *)input, word = *(u32 *)(input + 4);
  ROLLED for (u32 i = 0; i < 10000; i++) {
    word *= 0xcc9e2d51;
    word = (word << 15) | (word >> 17);
    hash ^= word;
    hash = (hash << 13) | (hash >> 19);
    hash = hash * 5 + 0xe6546b64;
  }
  return hash;
}

// c: two running sums over 1500 bytes.
PROGRAM(c) {
  u32 low = 0, high = 0;
  ROLLED for (u32 i = 0; i < 1500; i++) {
    u32 byte = input[i];
    low += byte;
    high += low;
    high ^= byte << 3;
  }
  return ((u64)high << 32) | low;
}

// k: the internet checksum of 1500 bytes (RFC 1071).
PROGRAM(k) {
  u64 sum = 0;
  ROLLED for (u32 i = 0; i < 750; i++) sum += *(u16 *)(input + 2 * i);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

INLINE u16 be16(const u8 *at) { return __builtin_bswap16(*(u16 *)at); }
INLINE u32 be32(const u8 *at) { return __builtin_bswap32(*(u32 *)at); }

// d: sixteen frames parsed: Ethernet, VLAN, IPv4, TCP and UDP.
PROGRAM(d) {
  u64 score = 0;
  ROLLED for (u32 i = 0; i < 16; i++) {
    u8 *frame = input + i * 128;
    u32 off = 12;
    u16 type = be16(frame + 12);
    if (type == 0x8100) {
      type = be16(frame + 16);
      off = 16;
    }
    if (type != 0x0800) {
      score += 1;
      continue;
    }
    u8 *ip = frame + off + 2;
    u8 first = ip[0];
    if ((first >> 4) != 4) {
      score += 3;
      continue;
    }
    u32 header = (first & 15) * 4;
    if (header < 20) {
      score += 5;
      continue;
    }
    if (be16(ip + 6) & 0x1fff) {
      score += 7;
      continue;
    }
    u32 source = be32(ip + 12), target = be32(ip + 16);
    u8 *payload = ip + (header & 60);
    u8 protocol = ip[9];
    if (protocol == 6) {
      u16 to = be16(payload + 2), from = be16(payload);
      u8 flags = payload[13];
      if (to == 80 || to == 443 || to == 8080) score += 100;
      else if (to >= 1024) score += 50;
      if ((flags & 2) && !(flags & 16)) score += 1000;
      score ^= ((u64)source << 32) | (target + from);
    } else if (protocol == 17) {
      if (be16(payload + 2) == 53) score += 10000;
      score ^= ((u64)target << 32) | source;
    } else if (protocol == 1) {
      score += payload[0];
    } else {
      score += 11;
    }
  }
  return score;
}

// e: the sieve of Eratosthenes up to 1024, in the third quarter of the input.
PROGRAM(e) {
  u8 *sieve = input + 2048;
  u64 primes = 0;
  ROLLED for (u32 i = 0; i < 128; i++) *(u64 *)(sieve + 8 * i) = 0;
  ROLLED for (u32 i = 2; i < 32; i++) {
    if (sieve[i]) continue;
    ROLLED for (u32 j = i * i; j < 1024; j += i) sieve[j] = 1;
  }
  ROLLED for (u32 i = 2; i < 1024; i++) primes += sieve[i] == 0;
  return primes;
}

// f: SipHash-2-4 of 1024 bytes.
#define ROTATE(x, by) (((x) << (by)) | ((x) >> (64 - (by))))
#define ROUND                                                                                                            \
  do {                                                                                                                   \
    v0 += v1, v1 = ROTATE(v1, 13), v1 ^= v0, v0 = ROTATE(v0, 32);                                                        \
    v2 += v3, v3 = ROTATE(v3, 16), v3 ^= v2;                                                                             \
    v0 += v3, v3 = ROTATE(v3, 21), v3 ^= v0;                                                                             \
    v2 += v1, v1 = ROTATE(v1, 17), v1 ^= v2, v2 = ROTATE(v2, 32);                                                        \
  } while (0)
PROGRAM(f) {
  u64 v0 = 0x736f6d6570736575ULL ^ 1, v1 = 0x646f72616e646f6dULL ^ 2;
  u64 v2 = 0x6c7967656e657261ULL ^ 1, v3 = 0x7465646279746573ULL ^ 2;
  ROLLED for (u32 i = 0; i < 128; i++) {
    u64 word = *(u64 *)(input + 8 * i);
    v3 ^= word;
    ROUND;
    ROUND;
    v0 ^= word;
  }
  v3 ^= 1024ULL << 56;
  ROUND;
  ROUND;
  v0 ^= 1024ULL << 56;
  v2 ^= 0xff;
  ROUND;
  ROUND;
  ROUND;
  ROUND;
  return v0 ^ v1 ^ v2 ^ v3;
}

// g: 64 lookups in a hash table, which finds nothing the first time, and 64 in an array.
PROGRAM(g) {
  u64 found = 0;
  ROLLED for (u32 i = 0; i < 64; i++) {
    u32 key = i * 7 + 3;
    u64 *value = helper_lookup(HASH, &key);
    if (value) {
      *value += i;
      found++;
    } else {
      u64 first = i;
      helper_update(HASH, &key, &first, 0);
    }
    u32 index = i & 31;
    u64 *element = helper_lookup(ARRAY, &index);
    if (element) {
      *element += 1;
      found += 2;
    }
  }
  return found;
}

// u: 64 updates of a hash table.
PROGRAM(u) {
  u64 done = 0;
  ROLLED for (u32 i = 0; i < 64; i++) {
    u32 key = i * 7 + 3;
    u64 value = i * 3;
    done += helper_update(HASH, &key, &value, 0) == 0;
  }
  return done;
}

// h: 3000 calls of functions, on two levels.
FUNCTION(h) u64 leaf(u64 a, u64 b);
FUNCTION(h) u64 middle(u64 a, u64 b, u64 c);
PROGRAM(h) {
  u64 x = *(u64 *)input;
  ROLLED for (u32 i = 0; i < 1000; i++) x = middle(x, i, x >> 3);
  return x;
}
FUNCTION(h) u64 leaf(u64 a, u64 b) { return (a ^ b) * 0x9e3779b97f4a7c15ULL; }
FUNCTION(h) u64 middle(u64 a, u64 b, u64 c) { return leaf(a, b) + leaf(c, a + 1); }

// i: multiplications, divisions and remainders of 64 bits, 1000 rounds.
PROGRAM(i) {
  u64 x = *(u64 *)input, divisor = (*(u64 *)(input + 8) >> 20) | 1, modulus = *(u32 *)(input + 16) | 1, sum = 0;
  ROLLED for (u32 i = 0; i < 1000; i++) {
    x = x * 6364136223846793005ULL + 1442695040888963407ULL;
    sum += x / divisor;
    sum ^= x % modulus;
  }
  return sum;
}

// j: bubble sort of 48 numbers, in the last quarter of the input.
PROGRAM(j) {
  u32 *list = (u32 *)(input + 3072);
  ROLLED for (u32 i = 0; i < 48; i++) list[i] = ((u32 *)input)[i];
  ROLLED for (u32 i = 0; i < 47; i++) {
    ROLLED for (u32 k = 0; k < 47; k++) {
      u32 x = list[k], y = list[k + 1];
      if (x > y) {
        list[k] = y;
        list[k + 1] = x;
      }
    }
  }
  return ((u64)list[0] << 32) | list[47];
}
