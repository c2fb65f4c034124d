// Delays of one stretch, for their median and the hundredth that is worst.
#pragma once

#include <stdlib.h>

enum { MAX_DELAYS = 1 << 20 };

struct delays {
  float us[MAX_DELAYS];
  int count;
};

static void add_delay(struct delays *delays, double seconds) {
  if (delays->count < MAX_DELAYS) delays->us[delays->count++] = (float)(seconds * 1e6);
}

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static void sort_delays(struct delays *delays) { qsort(delays->us, delays->count, sizeof *delays->us, by_value); }

// Of sorted delays, in ms; 0 where there are none.
static double delay_ms(const struct delays *delays, double share) {
  if (delays->count == 0) return 0;
  int at = (int)(share * delays->count);
  return delays->us[at < delays->count ? at : delays->count - 1] / 1e3;
}
