import { defineConfig } from 'vitest/config'

/** Two files at a time: most start servers of their own, on a machine that may have two cores. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Of the processes that tests start each would spend half a second of processor time on reading the same sources.
    env: { NODE_COMPILE_CACHE: new URL('../node_modules/.cache/node', import.meta.url).pathname },
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // What is waited for comes soon, but other files may have the processors just then.
    expect: { poll: { timeout: 30_000 } },
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/test-report.json' }]],
  },
})
