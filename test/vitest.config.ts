import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const compileCache = fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url))

/**
 * Four projects. `unit` and `property-short` need no server and run in seconds; `property` is the same with every case; `int` has the tests
 * that start servers, kill them, or drive a browser. `npm test` runs `unit`, `property` and `int`.
 */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    pool: 'forks',
    // Most files of `int` start servers of their own: more at a time than this starve each other on two cores.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Node keeps what it compiled of a command, which tests start hundreds of times.
    env: { NODE_COMPILE_CACHE: compileCache },
    // Other files may have the processors just when a condition becomes true.
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', ['json', { outputFile: 'node_modules/.cache/test-report.json' }]],
    globalSetup: ['test/support/property-seed.ts'],
    setupFiles: ['test/support/property-cases.ts'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/**/*.unit.test.ts'] } },
      { extends: true, test: { name: 'property-short', include: ['test/**/*.property.test.ts'], env: { PROPERTY_CASES: 'default' } } },
      { extends: true, test: { name: 'property', include: ['test/**/*.property.test.ts'] } },
      { extends: true, test: { name: 'int', include: ['test/**/*.{int,fault,e2e}.test.ts'] } },
    ],
  },
})
