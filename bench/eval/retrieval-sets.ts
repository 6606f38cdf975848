import { readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { z } from 'zod'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'

/** A text that may be found. */
export interface Doc {
  readonly id: string
  readonly text: string
}
export interface Question {
  readonly query: string
  /** Ids of the texts that answer it. */
  readonly relevant: readonly string[]
}
export interface RetrievalSet {
  readonly name: string
  readonly docs: readonly Doc[]
  readonly questions: readonly Question[]
}

const docSchema = z.object({ id: z.string(), text: z.string() })
const questionSchema = z.object({ query: z.string(), relevant: z.array(z.string()).min(1) })

/** Public Chinese passages with questions, where somebody has put them (they are not ours to give away). */
const ZH_DOCS = new URL('../../../shared/data/retrieval-zh-docs.jsonl.gz', import.meta.url)
const ZH_QUESTIONS = new URL('../../../shared/data/retrieval-zh-queries-dev.jsonl.gz', import.meta.url)

/** @returns `undefined` where the files are not there */
export async function readChinese(): Promise<RetrievalSet | undefined> {
  if (!existsSync(ZH_DOCS) || !existsSync(ZH_QUESTIONS)) return undefined
  return { name: 'zh', docs: await readLines(ZH_DOCS, docSchema), questions: await readLines(ZH_QUESTIONS, questionSchema) }
}

/** Packages whose READMEs are read where they are installed. */
const PACKAGES = ['pino', 'lru-cache', 'minisearch', 'chokidar', 'cli-progress', 'cli-table3', 'prom-client'] as const

/** Questions of our own over the articles of `support` and sections of READMEs of what is installed here. */
export async function readEnglish(): Promise<RetrievalSet> {
  const articles = loadArticles().filter(({ lang }) => lang === 'en').map(({ id, title, text }) => ({ id, text: `${title}\n${text}` }))
  const sections = (await Promise.all(PACKAGES.map(readReadme))).flat()
  const questions = await readLines(new URL('questions-en.jsonl', import.meta.url), questionSchema)
  const docs = [...articles, ...sections]
  const missing = questions.flatMap(({ relevant }) => relevant).filter((id) => !docs.some((doc) => doc.id === id))
  if (missing.length > 0) throw new Error(`bench/eval/questions-en.jsonl names what is not there: ${missing.join(', ')}; was a package updated?`)
  return { name: 'en', docs, questions }
}

const SECTION_CHARACTERS_MIN = 40

/** The sections of a README: from a heading to the next, named by it. */
async function readReadme(name: string): Promise<Doc[]> {
  const text = await readFile(new URL(`../../node_modules/${name}/README.md`, import.meta.url), 'utf8')
  const docs = new Map<string, string>()
  let isCode = false
  let id = name
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode
    const heading = isCode ? undefined : /^#+ +(?<title>.+?)[ #]*$/.exec(line)?.groups?.['title']
    if (heading !== undefined) id = `${name}#${heading.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')}`
    docs.set(id, `${docs.get(id) ?? ''}${line}\n`)
  }
  return [...docs].filter(([, section]) => section.length >= SECTION_CHARACTERS_MIN).map(([section, content]) => ({ id: section, text: `${name}\n${content}` }))
}

const unzipped = promisify(gunzip)

async function readLines<T>(file: URL, schema: z.ZodType<T>): Promise<T[]> {
  const bytes = await readFile(file)
  const text = (file.pathname.endsWith('.gz') ? await unzipped(bytes) : bytes).toString('utf8')
  return text.split('\n').filter((line) => line !== '').map((line) => schema.parse(JSON.parse(line)))
}
