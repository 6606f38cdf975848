import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openLines } from '../../../pipeline/ingest/line-file.ts'
import { codeOf } from '../../../schemas/errors.ts'

describe('a file of lines', () => {
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'colloquy-lines-'))
  })
  afterAll(() => rm(dir, { recursive: true }))

  const linesOf = async (name: string, content: Uint8Array | string) => {
    await writeFile(join(dir, name), content)
    const file = await openLines(join(dir, name))
    const lines: { number: number; text: string; problem?: string | undefined }[] = []
    for await (const { number, bytes, problem: lineProblem } of file.lines) {
      lines.push({ number, text: Buffer.from(bytes).toString(), problem: lineProblem })
    }
    return { lines, file }
  }

  test('is read line by line, with or without a final newline, compressed or not', async () => {
    const wanted = [
      { number: 1, text: 'a' },
      { number: 2, text: '' },
      { number: 3, text: '你'.repeat(100_000) },
    ]
    const content = wanted.map(({ text }) => text).join('\n')

    expect((await linesOf('a.jsonl', content)).lines).toEqual(wanted)
    expect((await linesOf('b.jsonl', `${content}\n`)).lines).toEqual(wanted)
    expect((await linesOf('c.jsonl.gz', gzipSync(content))).lines).toEqual(wanted)
  })

  test('reports how many bytes on disk have been read', async () => {
    const { file } = await linesOf('d.jsonl.gz', gzipSync('a\nb\n'))

    expect(file.bytesRead()).toBe(file.bytesTotal)
  })

  test('with truncated compression yields the lines before it and then a problem', async () => {
    const whole = Array.from({ length: 5_000 }, (_, index) => `${index} ${Math.sin(index)}`).join('\n')
    const { lines } = await linesOf('e.jsonl.gz', gzipSync(whole).subarray(0, 30_000))

    expect(lines.length).toBeGreaterThan(100)
    expect(lines.at(-1)?.problem).toContain('truncated')
    expect(lines.slice(0, -1).every(({ problem: lineProblem }) => lineProblem === undefined)).toBe(true)
  })

  test('continues after a line that is too long', async () => {
    const { lines } = await linesOf('f.jsonl', `a\n${'x'.repeat(17 * 1024 * 1024)}\nb\n`)

    expect(lines.map(({ text, problem: lineProblem }) => lineProblem ?? text)).toEqual(['a', expect.stringContaining('are allowed'), 'b'])
  })

  test('that cannot be opened is refused', async () => {
    const refusal: unknown = await openLines(join(dir, 'none')).catch((error: unknown) => error)

    expect(codeOf(refusal)).toBe('bad_file')
    expect(codeOf(await openLines(dir).catch((error: unknown) => error))).toBe('bad_file')
  })
})
