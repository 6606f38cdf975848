import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export const run = promisify(execFile)

/** Time for a package to arrive from its registry. */
const INSTALL_MS_MAX = 180_000

/**
 * A folder of the cache that a command fills once, such as an install of a package for one test alone.
 *
 * @param proof a file that is there when the command has succeeded.
 * @returns the folder; `undefined` where it cannot be filled, with a line that says why, so that the test can be skipped.
 */
export async function cachedFolder(name: string, proof: string, fill: (folder: string) => readonly string[]): Promise<string | undefined> {
  const folder = join(homedir(), '.cache', 'colloquy', name)
  if (existsSync(join(folder, proof))) return folder
  await mkdir(folder, { recursive: true })
  const [command = '', ...args] = fill(folder)
  try {
    await run(command, args, { cwd: folder, timeout: INSTALL_MS_MAX })
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : ''
    process.stderr.write(`skipped: "${[command, ...args].join(' ')}" failed (${why})\n`)
    return undefined
  }
  return existsSync(join(folder, proof)) ? folder : undefined
}

/** Whether a command is on this machine and answers. Says so where it does not. */
export async function hasCommand(command: string, ...args: string[]): Promise<boolean> {
  try {
    await run(command, args, { timeout: 30_000 })
    return true
  } catch {
    process.stderr.write(`skipped: there is no ${command} here\n`)
    return false
  }
}
