import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { Command, Option } from 'commander'
import { ANSWER_PROMPTS } from '../../actors/prompting/built-in-prompts.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import type { ConfiguredModel } from '../../pipeline/models/read-models.ts'
import { chosenPrompt, readPrompt, readPromptVersion } from '../../pipeline/prompts/prompts-reader.ts'
import { evaluateByRules, RULES_VERSION } from '../../pipeline/quality/evaluate-by-rules.ts'
import { namingFile } from '../../pipeline/runtime/file-errors.ts'
import { createSearchClient } from '../../pipeline/search/search-client.ts'
import { createTenantSettingsReader, readTenantSettings } from '../../pipeline/tenants/tenant-settings-reader.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { evaluatorName, MODEL_EVALUATOR, RULES_EVALUATOR } from '../../schemas/quality.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { httpAddress, withJetStream } from '../app/connect-to-running.ts'
import { createLocalGeneration, localModels } from '../app/local-models.ts'
import { modelJudgeOf } from '../app/model-judge.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { printable } from '../app/terminal-output.ts'
import type { VariantParts } from '../reporting/experiment/answer-question.ts'
import { experimentPage } from '../reporting/experiment/experiment-page.ts'
import { experimentRows } from '../reporting/experiment/experiment-rows.ts'
import { statementsOf } from '../reporting/experiment/experiment-statement.ts'
import { summarise } from '../reporting/experiment/experiment-summary.ts'
import { readDataset } from '../reporting/experiment/question-lines.ts'
import { type QuestionResult, runExperiment } from '../reporting/experiment/run-experiment.ts'
import { NO_MODEL, parseVariant, type Variant, VARIANT_KEYS } from '../reporting/experiment/variant.ts'
import { armsFor } from '../reporting/experiment/write-by-arm.ts'
import type { Settings } from '../settings.ts'
import { tokenArgument } from './arguments.ts'

interface Options extends JsonOption {
  readonly a: string
  readonly b: string
  readonly tenant: string
  readonly evaluator: typeof RULES_EVALUATOR | typeof MODEL_EVALUATOR
  readonly limit: number
  readonly concurrency: number
  readonly requestsMax: number
  readonly answers?: string
  readonly html?: string
}

const LIMIT_DEFAULT = 200
const CONCURRENCY_DEFAULT = 4
const REQUESTS_DEFAULT = 1_000
const MIXED = 'one variant writes texts by an arm, the other answers questions; give both an arm, or none'
/** A line about the progress after so many questions. */
const NOTE_EVERY = 25

const KEYS_HELP = Object.entries(VARIANT_KEYS).map(([key, meaning]) => `  ${key.padEnd(14)}${meaning}`)

export const experimentCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .argument('<dataset>', 'JSON lines {"query", "context"?, "lang"?, "tenant"?}, as "colloquy dataset from-log" writes them; also .gz')
    .requiredOption('--a <variant>', 'one side: key=value pairs with commas between them; "" for the defaults')
    .requiredOption('--b <variant>', 'the other side')
    .option('--tenant <tenant>', 'tenant of lines that name none', tokenArgument, 'default')
    .addOption(
      new Option('--evaluator <name>', 'what judges the answers').choices([RULES_EVALUATOR, MODEL_EVALUATOR]).default(RULES_EVALUATOR),
    )
    .option('--limit <count>', 'max questions, the first of the file', wholeNumber(1), LIMIT_DEFAULT)
    .option('--concurrency <count>', 'questions at a time', wholeNumber(1), CONCURRENCY_DEFAULT)
    .option('--requests-max <count>', 'max requests to models; with more, nothing is asked', wholeNumber(0), REQUESTS_DEFAULT)
    .option('--answers <file>', 'write each question with both answers to this file, as JSON lines')
    .option('--html <file>', 'write a page to this file')
    .option(JSON_FLAG, 'one JSON object: {dataset, a, b, evaluator, statements, summary}')
    .addHelpText(
      'after',
      `
Both variants answer each question as support does, or write each text as writer does. The answers are evaluated, and compared question by
question.

Keys of a variant:
${KEYS_HELP.join('\n')}

Examples:
  colloquy experiment questions.jsonl --tenant acme --a prompt=answer@1 --b prompt=answer@2 --html experiment.html
  colloquy experiment questions.jsonl --tenant acme --a model=off,fusion=auto --b model=off,fusion=rrf
  colloquy experiment briefs.jsonl --tenant acme --a arm=news/short --b arm=news/friendly`,
    )
    .action(async (file: string, options: Options) => {
      const { settings: effective } = settings()
      const variants = { a: parseVariant(options.a), b: parseVariant(options.b) }
      if ((variants.a.arm === undefined) !== (variants.b.arm === undefined)) {
        throw new ColloquyError('bad_variant', MIXED)
      }
      const models = { a: await modelsFor(effective, variants.a), b: await modelsFor(effective, variants.b) }
      const judge = evaluatorFor(effective, options.evaluator)
      const dataset = await readDataset(file, options.limit)
      const { questions } = dataset
      const answering = [models.a, models.b].filter(({ length }) => length > 0).length
      const requests = questions.length * (answering + (options.evaluator === MODEL_EVALUATOR ? 2 : 0))
      if (requests > options.requestsMax) {
        throw new ColloquyError(
          'experiment_budget',
          `${counted(questions.length, 'question')} would take ${requests} requests to models, and --requests-max is `
            + String(options.requestsMax),
        )
      }
      out.note(planText(dataset, requests, options))
      const { results, madeAt } = await withJetStream(effective, async (jetstream) => {
        const search = createSearchClient({ url: await httpAddress(effective), token: effective.HTTP_TOKEN })
        await using stack = new AsyncDisposableStack()
        const tenants = createTenantSettingsReader(jetstream)
        stack.defer(() => tenants.stop())
        const parts = async (variant: Variant, asked: readonly ConfiguredModel[]): Promise<VariantParts> => {
          const generation = asked.length === 0 ? undefined : createLocalGeneration(asked, effective, tenants)
          const promptFor = promptsFor(jetstream, variant, options.tenant)
          const armFor = variant.arm === undefined ? undefined : armsFor(jetstream, variant.arm, options.tenant)
          // A version or an arm that is not there is told before anything is asked.
          if (generation !== undefined && questions[0] !== undefined) await (armFor ?? promptFor)(questions[0])
          return { variant, generation, search, tenant: options.tenant, promptFor, armFor }
        }
        const [a, b] = await Promise.all([parts(variants.a, models.a), parts(variants.b, models.b)])
        const stream = options.answers === undefined ? undefined : createWriteStream(options.answers)
        const written = stream === undefined || options.answers === undefined ? undefined : namingFile(options.answers, finished(stream))
        written?.catch(() => undefined)
        const results = await runExperiment({
          questions,
          a,
          b,
          evaluate: judge.evaluate,
          concurrencyMax: options.concurrency,
          signal: new AbortController().signal,
          onResult: (result, done) => {
            stream?.write(`${JSON.stringify(answerLine(result))}\n`)
            if (done % NOTE_EVERY === 0 && done < questions.length) out.note(`${done} of ${questions.length} questions`)
          },
        }).finally(() => stream?.end())
        await written
        return { results, madeAt: new Date() }
      })
      const summary = summarise(results)
      const statements = statementsOf(summary)
      const of = { a: variants.a.text, b: variants.b.text }
      if (options.html !== undefined) {
        const page = experimentPage({ dataset: file, variants: of, evaluator: judge.name, madeAt, summary, results })
        await namingFile(options.html, writeFile(options.html, page))
        if (!options.json) out.note(`Page written to ${options.html}.`)
      }
      if (options.json) return out.json({ dataset: file, ...of, evaluator: judge.name, statements, summary })
      out.table(
        ['', `A: ${printable(of.a)}`, `B: ${printable(of.b)}`],
        experimentRows(summary).map((row) => row.map(printable)),
      )
      for (const statement of statements) out.line(printable(statement))
      return undefined
    })

const answerLine = ({ question: { line, query, tenant, lang }, a, b }: QuestionResult) => ({ line, query, tenant, lang, a, b })

function planText(
  { questions, repeated, unasked, isCut }: Awaited<ReturnType<typeof readDataset>>,
  requests: number,
  { limit, requestsMax }: Options,
): string {
  const left = [
    ...(repeated === 0 ? [] : [`${counted(repeated, 'repeated question')} left out`]),
    ...(unasked === 0 ? [] : [`${counted(unasked, 'line')} without a question left out`]),
    ...(isCut ? [`the file has more than --limit ${limit}`] : []),
  ]
  const plan = `${counted(questions.length, 'question')}, 2 variants, ${counted(requests, 'request')} to models (at most ${requestsMax})`
  return [plan, ...left].join('; ')
}

/**
 * The models that a variant may ask; none: the best passage is quoted.
 *
 * @throws ColloquyError `bad_variant` where the settings do not have what the variant asks for; `bad_models`
 */
async function modelsFor(settings: Settings, { text, model, tier, forModel }: Variant): Promise<readonly ConfiguredModel[]> {
  if (model === NO_MODEL) return []
  const found = (await localModels(settings, { model, tier })).filter(({ unusable }) => unusable === undefined)
  if (found.length > 0 || (model === undefined && tier === undefined && forModel === undefined)) return found
  const refuse = (problem: string): ColloquyError => new ColloquyError('bad_variant', `variant ${JSON.stringify(text)}: ${problem}`)
  const all = await localModels(settings)
  const use = forModel === undefined ? '' : `, which ${forModel} is for`
  if (all.length === 0) throw refuse(`there is no model${use}; set COLLOQUY_MODELS, or COLLOQUY_LLM_BASE_URL and COLLOQUY_LLM_MODEL`)
  const known = all.map(({ entry, unusable }) => `${entry.name} (${unusable ?? entry.tier})`).join(', ')
  const wanted = [
    ...(model === undefined ? [] : [`model ${JSON.stringify(model)}`]),
    ...(tier === undefined ? [] : [`tier ${tier}`]),
  ].join()
  throw refuse(`${wanted === '' ? forModel : wanted}: no such model can be asked; there are ${known}`)
}

interface Judge {
  readonly name: string
  readonly evaluate: Parameters<typeof runExperiment>[0]['evaluate']
}

/** @throws ColloquyError `bad_option` where the settings name no model */
function evaluatorFor(settings: Settings, name: Options['evaluator']): Judge {
  if (name === RULES_EVALUATOR) {
    return { name: evaluatorName({ evaluator: RULES_EVALUATOR, version: RULES_VERSION }), evaluate: evaluateByRules }
  }
  const model = modelJudgeOf(settings)
  if (model !== undefined) return { name: evaluatorName(model), evaluate: model.evaluate }
  throw new ColloquyError('bad_option', '--evaluator model needs COLLOQUY_LLM_BASE_URL and COLLOQUY_LLM_MODEL')
}

/** The prompt of a variant for a question: of its tenant, read once. */
function promptsFor(jetstream: JetStreamContext, { prompt: { name, version } }: Variant, tenantDefault: string): VariantParts['promptFor'] {
  const byTenant = new Map<string, ReturnType<typeof read>>()
  const read = async (tenant: string) => {
    const { settings } = await readTenantSettings(jetstream, tenant)
    if (version === 'built-in' || version === '0') return { settings, taught: undefined }
    const number = version === 'newest' ? (await readPrompt(jetstream, { tenant, name })).version : Number(version)
    return { settings, taught: await readPromptVersion(jetstream, { tenant, name }, number) }
  }
  return async ({ tenant = tenantDefault, lang }) => {
    const reading = byTenant.get(tenant) ?? read(tenant)
    byTenant.set(tenant, reading)
    const { settings, taught } = await reading
    return chosenPrompt(name, taught, settings, { builtIn: ANSWER_PROMPTS, lang })
  }
}
