import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Fills `dist/` of a checkout with one file per entry of the package. Each file re-exports the sources, so that modules in the checkout can
 * import `colloquy`, `colloquy/kinds` and `colloquy/test` by name, without a build that could be out of date.
 */
const dist = fileURLToPath(new URL('../../dist', import.meta.url))
rmSync(dist, { recursive: true, force: true })
mkdirSync(join(dist, 'infra'), { recursive: true })
for (const entry of ['index', 'kinds', 'testkit']) {
  for (const extension of ['js', 'd.ts']) {
    writeFileSync(join(dist, 'infra', `${entry}.${extension}`), `export * from '../../infra/${entry}.ts'\n`)
  }
}
