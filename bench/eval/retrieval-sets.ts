import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { z } from 'zod'
import { loadArticles } from '../../actors/kinds/support/knowledge.ts'

/** A searchable text. */
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

/** Public Chinese passages with questions. We may not distribute them, so the files may be missing. */
const ZH_DOCS = new URL('../../../shared/data/retrieval-zh-docs.jsonl.gz', import.meta.url)
const ZH_QUESTIONS = new URL('../../../shared/data/retrieval-zh-queries-dev.jsonl.gz', import.meta.url)

/** @returns `undefined` if the files are missing */
export async function readChinese(): Promise<RetrievalSet | undefined> {
  if (!existsSync(ZH_DOCS) || !existsSync(ZH_QUESTIONS)) return undefined
  return { name: 'zh', docs: await readLines(ZH_DOCS, docSchema), questions: await readLines(ZH_QUESTIONS, questionSchema) }
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
  return { name: 'en', docs, questions }
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

const unzipped = promisify(gunzip)

/** The lines of a JSON-lines file, which may be zipped. */
export async function readLines<T>(file: URL, schema: z.ZodType<T>): Promise<T[]> {
  const bytes = await readFile(file)
  const text = (file.pathname.endsWith('.gz') ? await unzipped(bytes) : bytes).toString('utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => schema.parse(JSON.parse(line)))
}
