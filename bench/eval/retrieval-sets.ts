import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'
import { readLines } from './json-lines.ts'

/** The languages of the sets. */
export const LANGS = ['zh', 'en'] as const
export type Lang = (typeof LANGS)[number]

/** A searchable text. */
export interface Doc {
  readonly id: string
  readonly text: string
  /** Default: unknown. */
  readonly lang?: string
}
export interface Question {
  readonly query: string
  /** Ids of the texts that answer it. */
  readonly relevant: readonly string[]
}
export interface RetrievalSet {
  /** Of `[a-z0-9-]`. */
  readonly name: string
  readonly lang: Lang
  readonly docs: readonly Doc[]
  readonly questions: readonly Question[]
}

const docSchema = z.object({ id: z.string(), text: z.string() })
const questionSchema = z.object({ query: z.string(), relevant: z.array(z.string()).min(1) })

/** Public passages with questions, re-cut. We may not distribute them, so the files may be missing. */
const DATA = fileURLToPath(new URL('../../../shared/data', import.meta.url))
const PUBLIC_SETS = [
  { name: 'cmrc', file: 'retrieval-zh', lang: 'zh' },
  { name: 'xquad-zh', file: 'retrieval-xquad-zh', lang: 'zh' },
  { name: 'xquad-en', file: 'retrieval-xquad-en', lang: 'en' },
] as const

/**
 * Reads `retrieval-<set>-docs.jsonl.gz` and each `retrieval-<set>-queries-<part>.jsonl.gz`, and our own questions. A folder without the
 * texts of a set gets the default ones, so that it may hold other questions only.
 *
 * @param folder default: `../shared/data`
 * @returns one for each part; our own alone if the files are missing
 */
export async function readRetrievalSets(folder: string = DATA, only?: Lang): Promise<RetrievalSet[]> {
  const files = existsSync(folder) ? (await readdir(folder)).sort() : []
  const sets: RetrievalSet[] = []
  for (const { name, file, lang } of PUBLIC_SETS) {
    const pattern = new RegExp(`^${file}-queries-(?<part>.+)\\.jsonl(\\.gz)?$`)
    const docs = [folder, DATA].map((one) => join(one, `${file}-docs.jsonl.gz`)).find((path) => existsSync(path))
    for (const found of only === undefined || only === lang ? files : []) {
      const part = pattern.exec(found)?.groups?.['part']
      if (part === undefined || docs === undefined) continue
      const questions = await readLines(join(folder, found), questionSchema)
      sets.push({ name: `${name}-${part}`, lang, docs: await readLines(docs, docSchema), questions })
    }
  }
  return only === 'zh' ? sets : [...sets, await readEnglish()]
}

/** Packages whose installed READMEs are part of the English set. */
const PACKAGES = ['pino', 'lru-cache', 'minisearch', 'chokidar', 'cli-progress', 'cli-table3', 'prom-client'] as const

/** Our own questions about the articles of `support` and the README sections of installed packages. */
export async function readEnglish(): Promise<RetrievalSet> {
  const articles = loadArticles()
    .filter(({ lang }) => lang === 'en')
    .map(({ id, title, text }) => ({ id, text: `${title}\n${text}` }))
  const sections = (await Promise.all(PACKAGES.map(readReadme))).flat()
  const questions = await readLines(new URL('questions-en.jsonl', import.meta.url), questionSchema)
  const docs = [...articles, ...sections]
  const missing = questions.flatMap(({ relevant }) => relevant).filter((id) => !docs.some((doc) => doc.id === id))
  if (missing.length > 0) {
    throw new Error(
      `bench/eval/questions-en.jsonl refers to missing texts: ${missing.join(', ')}. A package update may have changed a README.`,
    )
  }
  return { name: 'own-en', lang: 'en', docs, questions }
}

const SECTION_CHARACTERS_MIN = 40

/** The sections of a README; the id of a section comes from its heading. */
async function readReadme(name: string): Promise<Doc[]> {
  const text = await readFile(new URL(`../../node_modules/${name}/README.md`, import.meta.url), 'utf8')
  const docs = new Map<string, string>()
  let isCode = false
  let id = name
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode
    const heading = isCode ? undefined : /^#+ +(?<title>.+?)[ #]*$/.exec(line)?.groups?.['title']
    if (heading !== undefined)
      id = `${name}#${heading
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '-')
        .replaceAll(/^-|-$/g, '')}`
    docs.set(id, `${docs.get(id) ?? ''}${line}\n`)
  }
  return [...docs]
    .filter(([, section]) => section.length >= SECTION_CHARACTERS_MIN)
    .map(([section, content]) => ({ id: section, text: `${name}\n${content}` }))
}
