import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What a checkout has in `dist/`: for each entry of the package a file that hands the sources on, so that `colloquy` and
 * `colloquy/test` may be imported by their names there too, without a build that could be older than the sources.
 */
const dist = fileURLToPath(new URL('../../dist', import.meta.url))
rmSync(dist, { recursive: true, force: true })
mkdirSync(join(dist, 'infra'), { recursive: true })
for (const entry of ['index', 'testkit']) {
  for (const extension of ['js', 'd.ts']) writeFileSync(join(dist, 'infra', `${entry}.${extension}`), `export * from '../../infra/${entry}.ts'\n`)
}
