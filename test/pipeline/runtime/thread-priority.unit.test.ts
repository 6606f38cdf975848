import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'

/** The niceness of a thread (proc(5): the nineteenth field; the name, in brackets, may hold anything). */
const nicenessOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])

test.skipIf(process.platform !== 'linux')('a thread lowers its own priority and no other', async () => {
  const module = fileURLToPath(new URL('../../../pipeline/runtime/thread-priority.ts', import.meta.url))
  const code = `import(${JSON.stringify(module)}).then(({ lowerThreadPriority }) => {
    const { readFileSync } = require('node:fs')
    const { parentPort } = require('node:worker_threads')
    parentPort.postMessage({ lowered: lowerThreadPriority(7), stat: readFileSync('/proc/thread-self/stat', 'utf8') })
  })`
  const reported = await new Promise<{ lowered: boolean; stat: string }>((resolve, reject) => {
    new Worker(code, { eval: true }).once('message', resolve).once('error', reject)
  })
  expect(reported.lowered).toBe(true)
  expect(nicenessOf(reported.stat)).toBe(7)
  expect(nicenessOf(readFileSync('/proc/thread-self/stat', 'utf8'))).toBe(nicenessOf(readFileSync('/proc/self/stat', 'utf8')))
  expect(nicenessOf(readFileSync('/proc/self/stat', 'utf8'))).not.toBe(7)
})
