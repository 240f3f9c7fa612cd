/*
 * cpu.c - the processor's instruction sets. On x86-64 CPUID says what the processor has and XCR0 what the system saves
 * on a context switch: both are needed, or the first instruction is the last. On arm64 the kernel says it in two words.
 */
#include "runtime/cpu.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

static bool cpu_bf16_hidden;

#if defined(__x86_64__)

/* State components in XCR0 (Intel SDM volume 1, 13.1) that the registers of an instruction set need. */
#define CPU_STATE_AVX    0x6u     /* XMM, YMM */
#define CPU_STATE_AVX512 0xe6u    /* and the masks, upper ZMM */
#define CPU_STATE_AMX    0x60000u /* tile configuration, tile data */

typedef enum cpu_register { CPU_EAX, CPU_EBX, CPU_ECX, CPU_EDX } cpu_register;

typedef struct cpu_feature {
  const char *name;
  uint32_t leaf, subleaf;
  cpu_register in;
  uint32_t bit;
  uint32_t state; /* all of these bits of XCR0 */
  bool bf16;
} cpu_feature;

static const cpu_feature cpu_table[] = {
    {"avx", 1, 0, CPU_ECX, 28, CPU_STATE_AVX, false},
    {"f16c", 1, 0, CPU_ECX, 29, CPU_STATE_AVX, false},
    {"fma", 1, 0, CPU_ECX, 12, CPU_STATE_AVX, false},
    {"avx2", 7, 0, CPU_EBX, 5, CPU_STATE_AVX, false},
    {"avx_vnni", 7, 1, CPU_EAX, 4, CPU_STATE_AVX, false},
    {"avx_vnni_int8", 7, 1, CPU_EDX, 4, CPU_STATE_AVX, false},
    {"avx_ne_convert", 7, 1, CPU_EDX, 5, CPU_STATE_AVX, false},
    {"avx512f", 7, 0, CPU_EBX, 16, CPU_STATE_AVX512, false},
    {"avx512dq", 7, 0, CPU_EBX, 17, CPU_STATE_AVX512, false},
    {"avx512bw", 7, 0, CPU_EBX, 30, CPU_STATE_AVX512, false},
    {"avx512vl", 7, 0, CPU_EBX, 31, CPU_STATE_AVX512, false},
    {"avx512_vnni", 7, 0, CPU_ECX, 11, CPU_STATE_AVX512, false},
    {"avx512_bf16", 7, 1, CPU_EAX, 5, CPU_STATE_AVX512, true},
    {"avx512_fp16", 7, 0, CPU_EDX, 23, CPU_STATE_AVX512, false},
    {"amx_bf16", 7, 0, CPU_EDX, 22, CPU_STATE_AVX512 | CPU_STATE_AMX, true},
    {"amx_int8", 7, 0, CPU_EDX, 25, CPU_STATE_AVX512 | CPU_STATE_AMX, false},
    {"amx_fp16", 7, 1, CPU_EAX, 21, CPU_STATE_AVX512 | CPU_STATE_AMX, false},
};

static const char cpu_architecture[] = "x86-64";

/* What the system saves; 0 when it does not even offer the question (OSXSAVE). */
static uint32_t cpu_saved_state(void) {
  uint32_t eax, ebx, ecx, edx, low, high;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE)) return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

static bool cpu_has(const cpu_feature *f) {
  uint32_t registers[4] = {0};
  if (!__get_cpuid_count(f->leaf, f->subleaf, &registers[CPU_EAX], &registers[CPU_EBX], &registers[CPU_ECX],
                         &registers[CPU_EDX]))
    return false;
  return (registers[f->in] >> f->bit & 1u) && (cpu_saved_state() & f->state) == f->state;
}

akin_status akin_cpu_name(akin_buffer *out) {
  uint32_t words[3][4] = {{0}}; /* 48 characters, the last of them NUL */
  char name[sizeof words + 1] = "";
  for (uint32_t i = 0; i < 3; i++)
    if (!__get_cpuid(0x80000002u + i, &words[i][0], &words[i][1], &words[i][2], &words[i][3])) return AKIN_OK;
  memcpy(name, words, sizeof words);
  return akin_buffer_append_text(out, name);
}

#elif defined(__aarch64__)

akin_status akin_cpu_name(akin_buffer *out) {
  (void)out;
  return AKIN_OK;
}

typedef struct cpu_feature {
  const char *name;
  unsigned long word; /* AT_HWCAP or AT_HWCAP2 */
  uint32_t bit;       /* as in Linux' asm/hwcap.h */
  bool bf16;
} cpu_feature;

static const cpu_feature cpu_table[] = {
    {"asimd", AT_HWCAP, 1, false}, {"asimdhp", AT_HWCAP, 10, false}, {"asimddp", AT_HWCAP, 20, false},
    {"sve", AT_HWCAP, 22, false},  {"sve2", AT_HWCAP2, 1, false},    {"i8mm", AT_HWCAP2, 13, false},
    {"bf16", AT_HWCAP2, 14, true},
};

static const char cpu_architecture[] = "arm64";

static bool cpu_has(const cpu_feature *f) {
  return getauxval(f->word) >> f->bit & 1u;
}

#else
#error "OpenVINO runs on x86-64 and arm64 only"
#endif

akin_status akin_cpu_features(akin_buffer *out) {
  akin_status status = akin_buffer_append_text(out, cpu_architecture);
  for (size_t i = 0; !status && i < sizeof cpu_table / sizeof cpu_table[0]; i++)
    if (cpu_has(&cpu_table[i])) status = akin_buffer_printf(out, " %s", cpu_table[i].name);
  return status;
}

bool akin_cpu_has_bf16(void) {
  for (size_t i = 0; !cpu_bf16_hidden && i < sizeof cpu_table / sizeof cpu_table[0]; i++)
    if (cpu_table[i].bf16 && cpu_has(&cpu_table[i])) return true;
  return false;
}

void akin_cpu_hide_bf16(bool hide) {
  cpu_bf16_hidden = hide;
}
