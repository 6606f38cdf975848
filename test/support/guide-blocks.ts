import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { environmentIn } from './packed-package.ts'

/** A block of code of a page: what it is, what is to be done with it, and its text. */
export interface Block {
  readonly language: string
  readonly info: string
  readonly code: string
  /** Of its first line in the page. */
  readonly line: number
}

export const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(\w+) ?(.*)\n([^]*?)^```$/gm)].map(({ 1: language = '', 2: info = '', 3: code = '', index }) => ({
    language,
    info,
    code,
    line: page.slice(0, index).split('\n').length + 1,
  }))

/** Follows a page in a folder, block by block, as its reader would. */
export interface Walk {
  follow(block: Block): Promise<void>
  /** Ends what is left running. */
  stop(): Promise<void>
}

/** The last line that `up` prints when it has started. */
const STARTED = /^Acknowledged means/

/**
 * `sh` is run, `sh background` goes on until a later block ends it (`sh stop` waits for that), `text` are lines that the block before it
 * printed, one `…` being anything; other languages are files, written or, by `edit`, changed.
 */
export function walkIn(folder: string, settings: Readonly<Record<string, string>>): Walk {
  const env = environmentIn(folder, settings)
  let printed = ''
  let background: ChildProcess | undefined
  // Runs the command that npx would run, without its half second of search and without a process that swallows signals.
  const shell = (code: string) =>
    spawn('bash', ['-euo', 'pipefail', '-c', code.replaceAll('npx ', '')], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })

  async function run(code: string): Promise<void> {
    const child = shell(code)
    const closed = once(child, 'close')
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), closed])
    printed = stdout
    if (child.exitCode !== 0) throw new Error(`it ended with ${child.exitCode}:\n${stdout}\n${stderr}`)
  }
  async function start(code: string): Promise<void> {
    const child = shell(`exec ${code}`)
    background = child
    const stderr = text(child.stderr)
    const lines = createInterface({ input: child.stdout })
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    lines.on('line', (line) => {
      if (STARTED.test(line)) resolve(undefined)
    })
    void once(child, 'close').then(async () => reject(new Error(`it ended before it had started: ${await stderr}`)))
    await promise
  }
  const ended = async (child: ChildProcess | undefined): Promise<void> => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) await once(child, 'close')
  }
  const squeezed = (line: string): string => line.trim().replaceAll(/\s+/g, ' ')

  function expectPrinted(code: string): void {
    const lines = printed.split('\n').map(squeezed)
    for (const line of code.trimEnd().split('\n').map(squeezed)) {
      const [begin = '', end] = line.split('…')
      if (!lines.some((has) => (end === undefined ? has === begin : has.startsWith(begin) && has.endsWith(end))))
        throw new Error(`it did not print "${line}" but:\n${printed}`)
    }
  }
  async function edit(file: string, code: string): Promise<void> {
    const [from = '', to = ''] = code.split('---\n')
    const before = await readFile(join(folder, file), 'utf8')
    if (before.split(from).length !== 2) throw new Error(`${file} does not have this once:\n${from}`)
    await writeFile(
      join(folder, file),
      before.replace(from, () => to),
    )
  }

  return {
    async follow({ language, info, code, line }) {
      try {
        if (info === 'install' || info === 'not walked') return
        if (language === 'text') expectPrinted(code)
        else if (language === 'sh' && info === 'background') await start(code)
        else if (language === 'sh') await run(code)
        else if (info.startsWith('edit ')) await edit(info.slice('edit '.length), code)
        else await writeFile(join(folder, info), code)
        if (info === 'stop') await ended(background)
      } catch (cause) {
        throw new Error(`the block at line ${line} (${language} ${info}): ${cause instanceof Error ? cause.message : String(cause)}`, {
          cause,
        })
      }
    },
    async stop() {
      background?.kill('SIGINT')
      await ended(background)
    },
  }
}
