// The input of every benchmark program: 4096 bytes of noise, with sixteen frames of 128 bytes laid over the first half for
// the packet parser (program d): Ethernet, every fifth with a VLAN tag, IPv4 with and without options and fragments, TCP
// and UDP to ports that the parser tells apart. src/lab/benchmark.ts makes the same bytes.
#ifndef INPUT_H
#define INPUT_H
#include <stdint.h>

enum { INPUT_BYTES = 4096, FRAMES = 16, FRAME_BYTES = 128 };

static void put16(uint8_t *at, unsigned value) {
  at[0] = value >> 8;
  at[1] = value;
}

static void fill_frame(uint8_t *frame, int n) {
  int type = 12;
  if (n % 5 == 1) {
    put16(frame + 12, 0x8100);
    put16(frame + 16, n == 6 ? 0x86dd : 0x0800);
    type = 16;
  } else {
    put16(frame + 12, n % 7 == 3 ? 0x0806 : 0x0800);
  }
  uint8_t *ip = frame + type + 2;
  ip[0] = n == 9 ? 0x35 : n % 4 == 2 ? 0x48 : 0x45;
  put16(ip + 6, n == 11 ? 5 : 0x4000);
  ip[9] = n % 3 == 0 ? 6 : n % 3 == 1 ? 17 : (n & 1) ? 1 : 6;
  uint8_t *payload = ip + (ip[0] & 15) * 4;
  static const unsigned ports[4] = {80, 53, 9000, 22};
  put16(payload, 30000 + n);
  put16(payload + 2, ports[n % 4]);
  payload[13] = (n & 1) ? 0x02 : 0x12;
}

static void fill_input(uint8_t *input) {
  uint64_t noise = 0x9e3779b97f4a7c15;
  for (int at = 0; at < INPUT_BYTES; at++) {
    noise ^= noise << 13;
    noise ^= noise >> 7;
    noise ^= noise << 17;
    input[at] = noise >> 24;
  }
  for (int n = 0; n < FRAMES; n++) fill_frame(input + n * FRAME_BYTES, n);
}
#endif
