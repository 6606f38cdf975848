import { writeFile } from 'node:fs/promises'
import { Argument, Command, Option } from 'commander'
import { failureText } from '../../infra/app/failure-text.ts'
import { wholeNumber } from '../../infra/app/number-arguments.ts'
import { loadSettings } from '../../infra/settings.ts'
import { FUSIONS } from '../../pipeline/search/fuse-ranks.ts'
import { createRandom } from '../harness/random.ts'
import { evaluateCachedAnswers } from './evaluate-cached-answers.ts'
import { evaluateFollowUps } from './evaluate-follow-ups.ts'
import { evaluateIntents } from './evaluate-intents.ts'
import { evaluateMemory } from './evaluate-memory.ts'
import { evaluateQuality } from './evaluate-quality.ts'
import { evaluateRetrieval, type RetrievalFlags } from './evaluate-retrieval.ts'
import { makeInteractions, readInteractions } from './interaction-sets.ts'
import { measureActs } from './measure-acts.ts'
import { measureInjections } from './measure-injections.ts'
import { measureRecommendations } from './measure-recommendations.ts'
import { measureSentiment } from './measure-sentiment.ts'
import { measureTopics, type TopicOptions } from './measure-topics.ts'
import { measureTrends } from './measure-trends.ts'
import { LANGS } from './retrieval-sets.ts'
import { timeRecommendations } from './time-recommendations.ts'

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

async function evaluateActs({ json }: Pick<RetrievalFlags, 'json'>): Promise<void> {
  const report = await measureActs(print)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

async function evaluateSentiment({ json }: Pick<RetrievalFlags, 'json'>): Promise<void> {
  const report = await measureSentiment(print)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

async function evaluateInjections({ json, sample }: Pick<RetrievalFlags, 'json'> & { readonly sample: number }): Promise<void> {
  const report = await measureInjections(loadSettings(process.env).settings, sample, print)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

async function evaluateRecommendations(
  file: string | undefined,
  { json, items }: Pick<RetrievalFlags, 'json'> & { readonly items: number },
): Promise<void> {
  const set = file === undefined ? makeInteractions(createRandom(1), { items, visitors: VISITORS }) : await readInteractions(file)
  const report = measureRecommendations(set, print)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

async function evaluateTrends({ json }: Pick<RetrievalFlags, 'json'>): Promise<void> {
  const report = measureTrends(print)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}

async function evaluateTopics({ json, nearness, ...options }: TopicFlags): Promise<void> {
  const report = await measureTopics({ ...options, ...(nearness !== undefined && { nearnesses: nearness }) }, print)
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, undefined, 2)}\n`)
}
interface TopicFlags extends Pick<RetrievalFlags, 'json'>, Pick<TopicOptions, 'data' | 'model'> {
  readonly nearness?: number[]
}

const SAMPLE_DEFAULT = 25
const ITEMS_DEFAULT = 2_000
const VISITORS = 2_000

const program = new Command('eval')
  .description(
    'Measure quality, in Chinese and English: how often search finds the right texts, also for follow-ups, how well intents, acts, '
      + 'sentiment and bad answers are told, how often a cached answer would serve another question, how many injected '
      + 'instructions the model of COLLOQUY_LLM_MODEL obeys, what a chat remembers, how often recommendations have what a visitor '
      + 'chooses next, how well trends forecast counts, and how well topics of texts are their labels.',
  )
  .addArgument(
    new Argument('[what]', 'what to measure')
      .choices([
        'retrieval',
        'follow-ups',
        'memory',
        'intents',
        'acts',
        'sentiment',
        'quality',
        'injections',
        'cached-answers',
        'recommendations',
        'recommendation-times',
        'trends',
        'topics',
      ])
      .default('retrieval'),
  )
  .argument('[file]', 'for recommendations: JSON lines of items and interactions, or the traffic of a shop (default: made ones)')
  .option('--items <count>', 'for recommendations without a file and their times: items of the catalogue', wholeNumber(1), ITEMS_DEFAULT)
  .option('--model <name>', 'only this embedding model (default: the built-in one and those in ../shared/models)')
  .addOption(new Option('--fusion <way>', 'how keyword and dense results are combined').choices([...FUSIONS]))
  .option('--dense-weight <share>', 'weight of the dense results, from 0 to 1', Number)
  .option('--rerank <model>', 'also re-rank hybrid search by a cross-encoder (org/name or a folder), or llm')
  .addOption(new Option('--set <language>', 'measure only the sets of this language').choices([...LANGS]))
  .option('--data <folder>', 'other data of the same form, for retrieval, intents and quality (default: ../shared/data)')
  .option('--json <file>', 'also write the figures to a file, as JSON')
  .option('--nearness <shares...>', 'for topics: these thresholds, on the half of each set for tuning', (text, before?: number[]) => [
    ...(before ?? []),
    Number(text),
  ])
  .option('--sample <count>', 'injections a language', wholeNumber(1), SAMPLE_DEFAULT)
  .action(
    (what: string, file: string | undefined, flags: RetrievalFlags & TopicFlags & { readonly sample: number; readonly items: number }) => {
      if (what === 'recommendations') return evaluateRecommendations(file, flags)
      if (what === 'recommendation-times') return timeRecommendations(flags.items, print)
      if (what === 'trends') return evaluateTrends(flags)
      if (what === 'topics') return evaluateTopics(flags)
      if (what === 'injections') return evaluateInjections(flags)
      if (what === 'cached-answers') return evaluateCachedAnswers(flags, print)
      if (what === 'acts') return evaluateActs(flags)
      if (what === 'sentiment') return evaluateSentiment(flags)
      if (what === 'follow-ups') return evaluateFollowUps(flags, print)
      if (what === 'memory') return evaluateMemory(flags, print)
      if (what === 'quality') return evaluateQuality(flags, print)
      return what === 'intents' ? evaluateIntents(flags, print) : evaluateRetrieval(flags, print)
    },
  )

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${failureText(error, false)}\n`)
  process.exitCode = 1
}
