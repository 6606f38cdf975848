import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'

const MODULE = new URL('../../../infra/app/forced-end.ts', import.meta.url).href

/** Runs code in a process that is stopping. @returns how it ended */
async function stopWhile(code: string): Promise<unknown> {
  const script = `import { endInTime } from '${MODULE}'
    endInTime({ stopping: () => ['the work'] }, (line) => console.log(line))
    console.log('stopping')
    ${code}`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
    const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return { exitCode, signal, lines }
  } finally {
    child.kill('SIGKILL')
  }
}

test('a process whose stop hangs ends with a line that says what it waits for', async () => {
  expect(await stopWhile('setInterval(() => undefined, 1_000)')).toEqual({
    exitCode: 1,
    signal: null,
    lines: ['stopping', 'stopping took longer than 6.5 s; ending now. Still running: the work'],
  })
})

test('a process that code without an end blocks during its stop is killed', async () => {
  expect(await stopWhile('for (;;) { }')).toEqual({ exitCode: null, signal: 'SIGKILL', lines: ['stopping'] })
})

test('a process that has stopped ends by itself', async () => {
  expect(await stopWhile('')).toEqual({ exitCode: 0, signal: null, lines: ['stopping'] })
})
