import { execFileSync } from 'node:child_process'
import { copyFileSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Compiles the sources into `dist/`, as they are laid out, with everything that lies beside them. Only a package needs it: Node
 * strips no types under node_modules.
 */
const root = fileURLToPath(new URL('../..', import.meta.url))
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'infra/package')], { stdio: 'inherit' })
for (const file of globSync('{schemas,actors,pipeline,infra}/**/*.*', { cwd: root, exclude: (name) => name.endsWith('.ts') })) {
  mkdirSync(dirname(join(dist, file)), { recursive: true })
  copyFileSync(join(root, file), join(dist, file))
}
