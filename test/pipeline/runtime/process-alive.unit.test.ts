import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { isProcessAlive } from '../../../pipeline/runtime/process-alive.ts'

test('this process is alive, and so is a stopped one', async () => {
  expect(isProcessAlive(process.pid)).toBe(true)
  const child = spawn('sleep', ['600'])
  await once(child, 'spawn')
  const { pid = 0 } = child

  child.kill('SIGSTOP')
  await expect.poll(() => process.platform !== 'linux' || readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') T ')).toBe(true)
  expect(isProcessAlive(pid)).toBe(true)

  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isProcessAlive(pid)).toBe(false)
})

test.runIf(process.platform === 'linux')(
  'a process that has ended is not alive, also while its parent has not asked for its end',
  async () => {
    // `sleep` never asks for the end of the process that the shell has started before.
    const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
      const pid = Number(line)

      await expect.poll(() => isProcessAlive(pid)).toBe(false)

      expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ')
      expect(process.kill(pid, 0)).toBe(true)
    } finally {
      parent.kill('SIGKILL')
    }
  },
)
