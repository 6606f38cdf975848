import type { ErrorTexts } from './error-text.ts'

const BENCH = '`npm run bench`'

/** Codes of the measurements of this repository. */
export const BENCH_ERRORS = {
  worker_died: {
    meaning: 'A worker process ended during a measurement.',
    cause: 'It crashed, or the machine has too little memory. The message names its log file.',
    remedy: 'Read that log file, and measure again.',
    where: BENCH,
  },
  not_ready: {
    meaning: 'The system has not announced its addresses yet.',
    cause: 'It is still starting. The measurement asks again until its timeout.',
    remedy: 'Measure again on a machine that is less busy.',
    where: BENCH,
  },
  system_died: {
    meaning: 'Colloquy ended while it was measured.',
    cause: 'It crashed. The message follows its last output.',
    remedy: 'Read that output, and measure again.',
    where: BENCH,
  },
  no_marks: {
    meaning: 'The file has no place for the summary.',
    cause: 'The lines that enclose the summary were removed or are in the wrong order.',
    remedy: 'Add the two lines that the message names to the file again.',
    where: '`node bench/measure-all.ts`',
  },
  not_taken: {
    meaning: 'A kind did not accept an input of the measurement.',
    cause: 'The kind and its inputs in `bench/scenarios/kinds` do not match.',
    remedy: 'Correct the one that you changed last.',
    where: BENCH,
  },
  different_states: {
    meaning: 'The same inputs led to different states.',
    cause: 'The two programs that are compared do not do the same work.',
    remedy: 'Correct the program in `bench/scenarios/kinds`: its figures do not count.',
    where: BENCH,
  },
  no_worker: {
    meaning: 'There is no worker that can be killed.',
    cause: 'The measurement of a failover needs a worker besides the process with the servers.',
    remedy: 'Give `--workers 2` or more.',
    where: BENCH,
  },
  bare_doubled: {
    meaning: 'The loop without Colloquy made more records than inputs.',
    cause: '`bench/scenarios/bare-loop` has a fault. Its figures do not count.',
    remedy: 'Correct `bench/scenarios/bare-loop`, and measure again.',
    where: BENCH,
  },
  bare_failed: {
    meaning: 'The loop without Colloquy ended.',
    cause: 'The message has its exit code and output.',
    remedy: 'Remove the cause, and measure again.',
    where: BENCH,
  },
  bare_refused: {
    meaning: 'NATS refused a record of the loop without Colloquy.',
    cause: 'The stream is full, or another process writes to it.',
    remedy: 'Free some storage, and measure again on a NATS server that nothing else uses.',
    where: BENCH,
  },
  peers_not_installed: {
    meaning: 'The programs that Colloquy is compared with could not be installed.',
    cause: '`npm install` failed. The message has its error.',
    remedy: 'Check the network, or measure without `--vs`.',
    where: '`npm run bench -- --vs`',
  },
  peer_failed: {
    meaning: 'A program that Colloquy is compared with ended.',
    cause: 'The message has its exit code and output.',
    remedy: 'Remove the cause, and measure again.',
    where: '`npm run bench -- --vs`',
  },
} as const satisfies ErrorTexts
