import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, symlink } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = ['schemas', 'actors', 'pipeline', 'infra', 'docs', 'package.json', 'tsconfig.json', 'README.md']

/** The environment of somebody who knows nothing of this checkout, with a folder's own programs first. */
export function environmentIn(folder: string, more: Readonly<Record<string, string>> = {}): Record<string, string | undefined> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|COLLOQUY_|INIT_CWD$|NODE_|VITEST)/.test(name))
  return { ...Object.fromEntries(inherited), PATH: [join(folder, 'node_modules/.bin'), process.env['PATH']].join(delimiter), ...more }
}

/**
 * Packs Colloquy as `npm pack` does, and unpacks it into the project's node_modules as `npm install` does. Its dependencies are links to
 * those of this checkout, so that no registry is needed; which they are is for package.json to say, and `npm install` to find.
 */
export async function installPacked(project: string): Promise<void> {
  const run = promisify(execFile)
  const copy = join(project, 'checkout')
  for (const source of SOURCES) await cp(join(ROOT, source), join(copy, source), { recursive: true })
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  await run('npm', ['pack', '--pack-destination', project], { cwd: copy, env: environmentIn(copy) })

  const modules = join(project, 'node_modules')
  await mkdir(join(modules, 'colloquy'), { recursive: true })
  const archive = (await readdir(project)).find((name) => name.endsWith('.tgz'))
  await run('tar', ['-xzf', join(project, archive ?? 'nothing'), '-C', join(modules, 'colloquy'), '--strip-components=1'])
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.')) await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  }
  const bin = join(modules, '.bin')
  await mkdir(bin)
  await symlink('../colloquy/infra/cli/colloquy.js', join(bin, 'colloquy'))
  await symlink(join(dirname(fileURLToPath(import.meta.resolve('typescript/package.json'))), 'bin/tsc'), join(bin, 'tsc'))
  await symlink(process.execPath, join(bin, 'node'))
}
