import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../support/installed-tool.ts'
import { startSystem, type System } from '../support/test-system.ts'

const ROOT = join(import.meta.dirname, '../..')

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system.stop())

/** The commands `curl` in the shell blocks of a page, with the status in their comment; 200 where there is none. */
async function printedCurls(page: string): Promise<{ command: string; status: string }[]> {
  const text = await readFile(join(ROOT, page), 'utf8')
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block.replaceAll('\\\n', ' '))
  return blocks
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.startsWith('curl ') && line.includes('localhost:8080'))
    .map((command) => ({ command, status: /# (\d{3})/.exec(command)?.[1] ?? '200' }))
}

test.each(['README.md', 'README.zh.md', 'docs/producers.md', 'docs/search.md'])('curl works as %s prints it', async (page) => {
  const printed = await printedCurls(page)
  expect(printed.length).toBeGreaterThan(0)
  for (const { command, status } of printed) {
    const here = command.replace('localhost:8080', new URL(system.running.http?.url ?? '').host)
    const { stdout } = await run('bash', ['-c', here.replace('curl ', "curl -sS -w '\\n%{http_code}' ")])
    expect([command, stdout.trim().split('\n').at(-1)]).toEqual([command, status])
    if (status === '422') expect(stdout).toContain('"reason":"bad_data"')
  }
})
