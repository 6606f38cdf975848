import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { REASONS } from '../../../schemas/reasons.ts'

const texts = z.record(z.string(), z.string())
const remediesSchema = z.object({ dead: texts, system: texts })

/** The modules of the browser are JavaScript that TypeScript checks by a configuration of its own. */
const wordsOf = async (language: string): Promise<Record<string, unknown>> => {
  const url = new URL(`../../../infra/console/page/words/${language}.js`, import.meta.url)
  const module = (await import(url.href)) as Record<string, Record<string, unknown>>
  return module[language] ?? {}
}

const pathsOf = (value: unknown, path = ''): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, `${path}.${key}`))
    : [`${path}: ${typeof value}`]

test('each language has the same words', async () => {
  expect(pathsOf(await wordsOf('zh')).sort()).toEqual(pathsOf(await wordsOf('en')).sort())
})

test('each reason of a dead letter has words for people who open no terminal: no command, no setting', async () => {
  for (const language of ['en', 'zh']) {
    const { dead, system } = remediesSchema.parse((await wordsOf(language))['remedies'])
    expect(Object.keys(dead).sort()).toEqual([...REASONS].sort())
    expect([...Object.values(dead), ...Object.values(system)].filter((text) => /colloquy|COLLOQUY|`|--/.test(text))).toEqual([])
  }
})

test('no Chinese text was left in English', async () => {
  const [en, zh] = [await wordsOf('en'), await wordsOf('zh')]
  const texts = (value: unknown): string[] =>
    typeof value === 'string' ? [value] : typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : []
  const own = new Set(texts(zh))
  expect(texts(en).filter((text) => own.has(text))).toEqual([])
})

test('every path of the styles and scripts in the page is one that the server has', async () => {
  const index = await readFile(new URL('../../../infra/console/page/index.html', import.meta.url), 'utf8')
  const paths = [...index.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path ?? '')
  for (const path of paths) {
    const file = path.replace('/console/', 'infra/console/page/').replace('/web/page/', 'infra/web/page/')
    await expect(readFile(new URL(`../../../${file}`, import.meta.url))).resolves.toBeDefined()
  }
})
