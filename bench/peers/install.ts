import { execFile } from 'node:child_process'
import { access, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { codeOf, ColloquyError, messageOf } from '../../schemas/errors.ts'
import type { PeerName } from '../harness/bench-scenario.ts'

const FOLDER = fileURLToPath(new URL('programs', import.meta.url))
const INSTALL_MS_MAX = 300_000
const packageSchema = z.object({ dependencies: z.record(z.string(), z.string()) })

/** Installs the packages of the peers unless they are there. @throws ColloquyError `peers_not_installed` */
export async function installPeers(): Promise<void> {
  const { dependencies } = packageSchema.parse(JSON.parse(await readFile(`${FOLDER}/package.json`, 'utf8')))
  const missing = await Promise.all(Object.keys(dependencies).map((name) => access(`${FOLDER}/node_modules/${name}`).then(() => false, () => true)))
  if (!missing.includes(true)) return
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'], { cwd: FOLDER, timeout: INSTALL_MS_MAX })
    .catch((cause: unknown) => { throw new ColloquyError('peers_not_installed', `npm install in ${FOLDER} failed: ${messageOf(cause)}`, { cause }) })
}

/** What a peer needs that npm does not have, by version; `undefined` where it is not on this machine. */
export async function serverOf(name: PeerName): Promise<string | undefined> {
  if (name === 'restate') return 'its own'
  try {
    return (await promisify(execFile)('redis-server', ['--version'])).stdout.trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Versions of what was installed, for the report. */
export async function versionOf(name: string): Promise<string> {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(`${FOLDER}/node_modules/${name}/package.json`, 'utf8')))
  return version
}
