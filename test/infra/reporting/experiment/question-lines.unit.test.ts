import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { readDataset } from '../../../../infra/reporting/experiment/question-lines.ts'
import { temporaryFolder } from '../../../support/test-system.ts'

const folder = await temporaryFolder()
const file = async (...lines: unknown[]): Promise<string> => {
  const path = join(folder, 'questions.jsonl')
  await writeFile(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
  return path
}

test('questions are read once each, with their language', async () => {
  const path = await file(
    { query: 'How long do returns take?', response: 'x', context: ['14 days'], tenant: 'acme', scores: {} },
    '',
    { question: '退货要几天？' },
    { query: ' 退货要几天？ ' },
    { query: '退货要几天？', tenant: 'acme', lang: 'en' },
    { query: '', response: 'an answer that nobody asked for' },
  )
  expect(await readDataset(path, 10)).toEqual({
    questions: [
      { line: 1, query: 'How long do returns take?', context: ['14 days'], lang: 'en', tenant: 'acme' },
      { line: 3, query: '退货要几天？', context: [], lang: 'zh', tenant: undefined },
      { line: 5, query: '退货要几天？', context: [], lang: 'en', tenant: 'acme' },
    ],
    repeated: 1,
    unasked: 1,
    isCut: false,
  })
  expect(await readDataset(path, 2)).toMatchObject({ questions: { length: 2 }, isCut: true })
})

test('a file may be zipped', async () => {
  const path = join(folder, 'questions.jsonl.gz')
  await writeFile(path, gzipSync('{"query":"hi"}\n'))
  expect((await readDataset(path, 10)).questions).toHaveLength(1)
})

test.each([
  [['{"query":"a"}', '{"query":'], 'line 2 of'],
  [['{"query":"a"}', '{"query":7}'], 'line 2 of'],
  [['[]'], 'line 1 of'],
  [['{"response":"b"}'], 'has no question'],
  [[''], 'has no question'],
])('%j is refused with its line', async (lines, says) => {
  await expect(readDataset(await file(...lines), 10)).rejects.toMatchObject({
    code: 'bad_dataset',
    message: expect.stringContaining(says) as string,
  })
})

test('a file that is not there is named', async () => {
  await expect(readDataset(join(folder, 'none.jsonl'), 10)).rejects.toMatchObject({ code: 'bad_file' })
})
