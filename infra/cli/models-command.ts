import { Command } from 'commander'
import pLimit from 'p-limit'
import { askModelsStatus, type ModelStatus, type ProcessModels } from '../../pipeline/models/models-status.ts'
import { type Probe, probeModel } from '../../pipeline/models/probe-model.ts'
import { type ConfiguredModel, readModelsFile, withKeys } from '../../pipeline/models/read-models.ts'
import { ERROR_CODES, type ErrorCode } from '../../schemas/error-codes.ts'
import { ColloquyError, hasCode } from '../../schemas/errors.ts'
import type { ModelEntry } from '../../schemas/models-file.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { connectToRunningNats } from '../app/connect-to-running.ts'
import { modelsSourceOf } from '../app/model-access.ts'
import { onOneLine, printable } from '../app/terminal-output.ts'
import type { Settings } from '../settings.ts'
import { modelStateText } from './model-state-text.ts'

/** Models that are tested at a time. */
const TESTED_AT_A_TIME = 4

export const modelsCommand = (context: CommandContext): Command =>
  new Command()
    .addCommand(lsCommand(context).name('ls').description('list the models of the settings, and how each fares in the running system'))
    .addCommand(
      testCommand(context).name('test').description('ask each model for a short answer and for one in a form: times, tokens, cost'),
    )

/** The models of the settings, also where none has its key. */
async function modelsOf(settings: Settings): Promise<readonly ConfiguredModel[]> {
  const source = modelsSourceOf(settings)
  if (source === undefined)
    throw new ColloquyError('no_model', 'no language model is configured; set COLLOQUY_MODELS or COLLOQUY_LLM_BASE_URL')
  if ('entry' in source) return [{ ...source, unusable: undefined }]
  return withKeys(await readModelsFile(source.file), source.keyOf, source.file)
}

const lsCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .option(JSON_FLAG, 'one JSON object per model: {name, tier, provider, model, baseUrl, priceIn, priceOut, unusable, processes}')
    .action(async ({ json }: JsonOption) => {
      const { settings: effective } = settings()
      const models = await modelsOf(effective)
      const running = await runningModels(effective)
      if (running instanceof ColloquyError)
        out.note(`The running system cannot be asked how its models fare (${running.code}): ${onOneLine(running.message)}`)
      const told = Array.isArray(running) ? running : []
      for (const problem of new Set(told.flatMap((one) => one.problem ?? []))) out.note(`The running system keeps its models: ${problem}`)
      const rows = models.map(({ entry, unusable }) => {
        const processes = told.flatMap((one) => one.models.filter(({ name }) => name === entry.name))
        return { entry, unusable, processes }
      })
      if (json) {
        for (const { entry, unusable = null, processes } of rows) out.json({ ...shownEntry(entry), unusable, processes })
        return
      }
      out.table(
        ['model', 'tier', 'provider', 'price in, out', 'state', 'requests', 'failed'],
        rows.map(({ entry, unusable, processes }) => [
          entry.name,
          entry.tier,
          entry.provider,
          entry.priceIn === undefined ? 'unknown' : `${entry.priceIn}, ${entry.priceOut}`,
          unusable ?? stateText(running, processes),
          String(processes.reduce((sum, { requests }) => sum + requests, 0)),
          String(processes.reduce((sum, { failures }) => sum + failures, 0)),
        ]),
      )
    })

const shownEntry = ({ name, tier, provider, model, baseUrl, priceIn, priceOut }: ModelEntry): object => ({
  name,
  tier,
  provider,
  model,
  baseUrl: baseUrl ?? null,
  priceIn: priceIn ?? null,
  priceOut: priceOut ?? null,
})

function stateText(running: Running, processes: readonly ModelStatus[]): string {
  if (running === undefined) return 'no system runs'
  return running instanceof ColloquyError ? 'unknown' : modelStateText(processes)
}

/** What the processes say; `undefined` where no system runs, and the error where it cannot be asked. */
type Running = ProcessModels[] | ColloquyError | undefined

async function runningModels(settings: Settings): Promise<Running> {
  try {
    const nc = await connectToRunningNats(settings)
    try {
      return await askModelsStatus(nc)
    } finally {
      await nc.close()
    }
  } catch (error) {
    if (hasCode(error, 'not_running')) return undefined
    if (error instanceof ColloquyError) return error
    throw error
  }
}

const testCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .option(
      JSON_FLAG,
      'one JSON object per model: {name, tier, ok, text, structure}, each of the two {firstTokenMs, totalMs, tokensIn, tokensOut, cost, '
        + 'text, error}',
    )
    .addHelpText('after', '\nThe requests go to the providers, and cost what they cost. The exit code is 1 if a model fails.')
    .action(async ({ json }: JsonOption) => {
      const models = await modelsOf(settings().settings)
      const limit = pLimit(TESTED_AT_A_TIME)
      const tested = await Promise.all(models.map((model) => limit(() => testModel(model))))
      for (const one of tested) if (json) out.json(one)
      if (!json) {
        out.table(
          ['model', 'tier', 'asked for', 'first token', 'total', 'tokens in, out', 'cost', 'answer'],
          tested.flatMap(({ name, tier, text, structure }) => [
            [name, tier, 'text', ...cellsOf(text)],
            ['', '', 'structure', ...cellsOf(structure)],
          ]),
        )
        for (const { name, text, structure } of tested) {
          const error = text.error ?? structure.error
          if (error !== null) out.line(`${out.paint('red', name)}: ${onOneLine(printable(error.message))}. ${error.remedy}`)
        }
      }
      if (tested.some(({ ok }) => !ok)) process.exitCode = 1
    })

interface TestedProbe extends Omit<Probe, 'error'> {
  readonly error: { readonly code: string; readonly message: string; readonly remedy: string } | null
}

async function testModel(model: ConfiguredModel) {
  const { name, tier } = model.entry
  const { signal } = new AbortController()
  const run = async (as: 'text' | 'structure'): Promise<TestedProbe> =>
    model.unusable === undefined ? withRemedy(await probeModel(model, as, signal)) : notAsked(model.unusable)
  const text = await run('text')
  const structure = await run('structure')
  return { name, tier, ok: text.error === null && structure.error === null, text, structure }
}

const notAsked = (unusable: string): TestedProbe => ({
  error: { code: 'no_model', message: unusable, remedy: 'Then start the process with the role tasks again.' },
  firstTokenMs: null,
  totalMs: 0,
  tokensIn: null,
  tokensOut: null,
  cost: null,
  text: '',
})

/** What to do about an entry of the file; for other codes, what the page of errors says. */
const REMEDIES: Partial<Record<ErrorCode, string>> = {
  model_timeout: 'Check that the endpoint is not overloaded, or raise firstTokenMs, stallMs or totalMs of the model.',
  model_unavailable: 'Check that the endpoint runs, and that baseUrl is right.',
  model_busy: 'Lower requestsMax of the model, or raise the limit at the provider.',
  model_refused: 'Correct model, baseUrl or the key.',
  model_unfit: 'Check that provider and baseUrl belong together, and that the endpoint streams.',
  model_structure: 'Tasks that ask this model for a structure go on to the next one. Use it for texts, or take a larger model.',
  model_empty: 'A reasoning model may use up its answer with thoughts. Try another model.',
}

function withRemedy({ error, ...probe }: Probe): TestedProbe {
  if (error === undefined) return { ...probe, error: null }
  const { code, message } = error
  const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : undefined
  return { ...probe, error: { code, message, remedy: known === undefined ? '' : (REMEDIES[known] ?? ERROR_CODES[known].remedy) } }
}

const ANSWER_SHOWN_CHARS = 40
const cellsOf = ({ error, firstTokenMs, totalMs, tokensIn, tokensOut, cost, text }: TestedProbe): string[] => [
  firstTokenMs === null ? '' : `${firstTokenMs} ms`,
  `${totalMs} ms`,
  tokensIn === null || tokensOut === null || (error !== null && tokensIn + tokensOut === 0) ? 'not told' : `${tokensIn}, ${tokensOut}`,
  cost === null ? 'unknown' : String(cost),
  error === null ? onOneLine(printable(text)).slice(0, ANSWER_SHOWN_CHARS) : error.code,
]
