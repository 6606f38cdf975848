import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { analyseText } from '../../actors/analysing/analyse-text.ts'
import { decodeVector, encodeBytes, encodeVector } from '../../actors/recommending/item-vector.ts'
import { createTopicIndex } from '../../actors/social/topic-index.ts'
import { createRandom, pick } from '../harness/random.ts'
import { modelFolders, openEmbedder } from './eval-models.ts'
import { readLines } from './json-lines.ts'

/** Public sets of labelled texts. We may not distribute them, so the files may be missing. */
const DATA = fileURLToPath(new URL('../../../shared/data', import.meta.url))
const SETS = [
  { name: 'banking77', lang: 'en' },
  { name: 'crosswoz', lang: 'zh' },
  { name: 'clinc150', lang: 'en' },
] as const
/** Texts of a half, at most. */
const TEXTS_MAX = 300
const GROUP = 64

interface Labelled {
  readonly text: string
  readonly label: string
}
/** How well topics are the labels. */
export interface TopicResult {
  readonly set: string
  readonly model: string
  readonly nearness: number | undefined
  readonly texts: number
  readonly labels: number
  readonly topics: number
  /** Share of the texts whose label is the one of most texts of their topic. */
  readonly purity: number
  /** Normalised mutual information of topics and labels, by the arithmetic mean of their entropies. */
  readonly nmi: number
  readonly msEach: number
}

const lineSchema = z.object({ text: z.string(), intent: z.string().optional(), intents: z.array(z.string()).optional() })

/** Texts with one label, shuffled; those out of scope have none in common and are left out. */
async function readLabelled(name: string, folder: string): Promise<Labelled[]> {
  const lines = await readLines(join(folder, `intents-${name}-dev.jsonl.gz`), lineSchema)
  const texts = lines.flatMap(({ text, intent, intents = [] }): Labelled[] => {
    const label = intent ?? (intents.length === 1 ? intents[0] : undefined)
    return label === undefined || label === 'oos' ? [] : [{ text, label }]
  })
  const random = createRandom(1)
  for (let at = texts.length - 1; at > 0; at--) {
    const other = pick(random, at + 1)
    const [one, two] = [texts[at], texts[other]]
    if (one !== undefined && two !== undefined) [texts[at], texts[other]] = [two, one]
  }
  return texts
}

/** A topic tells the index where it is when it opens, and at 4, 16, 64… texts. */
const isPlacing = (posts: number): boolean => Number.isInteger(Math.log(posts) / Math.log(4))

/** The topic of each text, in order. @param vectors default: keywords tell */
function topicsOf(texts: readonly Labelled[], vectors: readonly string[] | undefined, nearness: number | undefined): string[] {
  const index = createTopicIndex(undefined, nearness)
  const placed = new Map<string, { posts: number; readonly sum: Int32Array; readonly words: Map<string, number> }>()
  return texts.map(({ text }, at) => {
    const { keywords } = analyseText(text)
    const vector = vectors?.[at]
    const place = { keywords, ...(vector !== undefined && { vector, model: 'm' }) }
    const found = index.nearest(place)
    const topic = found ?? `t${at}`
    if (found === undefined) index.propose(topic, place)
    const known = placed.get(topic) ?? { posts: 0, sum: new Int32Array(64), words: new Map<string, number>() }
    placed.set(topic, known)
    known.posts += 1
    for (const [slot, value] of (vector === undefined ? [] : [...decodeVector(vector)]).entries())
      known.sum[slot] = (known.sum[slot] ?? 0) + value
    for (const [rank, word] of keywords.entries()) known.words.set(word, (known.words.get(word) ?? 0) + Math.max(1, 5 - rank))
    if (isPlacing(known.posts)) {
      const words = [...known.words].sort(([, one], [, other]) => other - one).slice(0, 24)
      index.place({
        topic,
        posts: known.posts,
        keywords: words,
        ...(vector !== undefined && { vector: encodeBytes(known.sum), model: 'm' }),
      })
    }
    return topic
  })
}

function countsOf<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
const entropyOf = (counts: Iterable<number>, all: number): number =>
  [...counts].reduce((sum, count) => sum - (count / all) * Math.log(count / all), 0)

/** Purity, and normalised mutual information. */
export function clusterQuality(topics: readonly string[], labels: readonly string[]): Pick<TopicResult, 'purity' | 'nmi'> {
  const all = topics.length
  const pairs = countsOf(topics.map((topic, at) => `${topic}\n${labels[at]}`))
  const largest = new Map<string, number>()
  for (const [pair, count] of pairs) {
    const topic = pair.slice(0, pair.indexOf('\n'))
    largest.set(topic, Math.max(largest.get(topic) ?? 0, count))
  }
  const [ofTopics, ofLabels] = [entropyOf(countsOf(topics).values(), all), entropyOf(countsOf(labels).values(), all)]
  const mutual = ofTopics + ofLabels - entropyOf(pairs.values(), all)
  return {
    purity: [...largest.values()].reduce((sum, count) => sum + count, 0) / all,
    nmi: ofTopics + ofLabels === 0 ? 1 : (2 * mutual) / (ofTopics + ofLabels),
  }
}

export interface TopicOptions {
  readonly data?: string | undefined
  /** Only this model. */
  readonly model?: string | undefined
  /** Nearnesses to try on the first half of each set; default: the one in use, on the second half. */
  readonly nearnesses?: readonly number[]
}

/** Puts labelled texts into topics as a tenant's posts are, by keywords and by models of their language; compares them with the labels. */
export async function measureTopics(
  { data = DATA, model, nearnesses }: TopicOptions,
  print: (text: string) => void,
): Promise<TopicResult[]> {
  const results: TopicResult[] = []
  print(nearnesses === undefined ? 'the second half of each set, with the nearness in use' : 'the first half of each set')
  for (const { name, lang } of SETS) {
    if (!existsSync(join(data, `intents-${name}-dev.jsonl.gz`))) {
      print(`${name}: not in ${data}`)
      continue
    }
    const all = await readLabelled(name, data)
    const half = Math.floor(all.length / 2)
    const texts = (nearnesses === undefined ? all.slice(half) : all.slice(0, half)).slice(0, TEXTS_MAX)
    const labels = texts.map(({ label }) => label)
    for (const folder of model === undefined ? ['keywords', ...modelFolders(lang)] : [model]) {
      const startedMs = performance.now()
      const vectors = folder === 'keywords' ? undefined : await vectorsOf(folder, texts)
      const embeddingMs = performance.now() - startedMs
      for (const nearness of (vectors === undefined ? undefined : nearnesses) ?? [undefined]) {
        const clusteringMs = performance.now()
        const topics = topicsOf(texts, vectors, nearness)
        const msEach = (embeddingMs + performance.now() - clusteringMs) / texts.length
        const counts = { texts: texts.length, labels: new Set(labels).size, topics: new Set(topics).size }
        const result = { set: name, model: basename(folder), nearness, ...counts, ...clusterQuality(topics, labels), msEach }
        results.push(result)
        const figures = `purity ${result.purity.toFixed(3)}, NMI ${result.nmi.toFixed(3)}, ${msEach.toFixed(1)} ms a text`
        const at = nearness === undefined ? '' : ` from ${nearness}`
        print(`${name}, ${result.model}${at}: ${counts.texts} texts of ${counts.labels} labels in ${counts.topics} topics: ${figures}`)
      }
    }
  }
  return results
}

async function vectorsOf(folder: string, texts: readonly Labelled[]): Promise<string[]> {
  await using open = new AsyncDisposableStack()
  const embedder = await openEmbedder(folder, open)
  const vectors: string[] = []
  for (let from = 0; from < texts.length; from += GROUP) {
    const group = texts.slice(from, from + GROUP).map(({ text }) => text)
    for (const vector of await embedder.embed(group, 'passage')) vectors.push(encodeVector(vector))
  }
  return vectors
}
