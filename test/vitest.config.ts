import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Two files at a time: most start servers of their own, on a machine that may have two cores. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Commands are started hundreds of times: what Node compiled of them once is kept.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)) },
    // What is waited for comes soon, but other files may have the processors just then.
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/test-report.json' }]],
  },
})
