import { Command, Option } from 'commander'
import { pino } from 'pino'
import { streamInfo } from '../../pipeline/jetstream/stream-info.ts'
import { judgeByRules, type JudgeEvaluator } from '../../pipeline/judge/judge-evaluator.ts'
import { rescore, type Rescored } from '../../pipeline/judge/rescore.ts'
import { evaluateByRules } from '../../pipeline/quality/evaluate-by-rules.ts'
import { createMetrics } from '../../pipeline/runtime/metrics.ts'
import { counted } from '../../schemas/counted.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { evaluatorName, MODEL_EVALUATOR, RULES_EVALUATOR } from '../../schemas/quality.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { modelJudgeOf } from '../app/model-judge.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { whileConnected } from '../app/while-connected.ts'
import { judgedAnswers } from '../reporting/judged-answers.ts'
import type { Settings } from '../settings.ts'
import { tokenArgument } from './arguments.ts'
import { createProgressBar } from './progress-bar.ts'
import { withAnalyst } from './with-analyst.ts'

interface Options extends JsonOption {
  readonly evaluator: typeof RULES_EVALUATOR | typeof MODEL_EVALUATOR
  readonly from: number
  readonly to?: number
  readonly tenant?: string
}

export const rescoreCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .addOption(new Option('--evaluator <name>', 'what judges').choices([RULES_EVALUATOR, MODEL_EVALUATOR]).default(RULES_EVALUATOR))
    .option('--from <seq>', 'first LOG sequence', wholeNumber(1), 1)
    .option('--to <seq>', 'last LOG sequence (default: now)', wholeNumber(1))
    .option('--tenant <tenant>', 'only answers of this tenant (default: all)', tokenArgument)
    .option(JSON_FLAG, 'one JSON object: {evaluator, to, answers, known, judged, failed, skipped, seconds}')
    .addHelpText(
      'after',
      `
It judges the recorded answers that have no judgement of this version of the evaluator, nor of a newer one. It sends nothing but
judgements: an interrupted run is run again, and a second one finds nothing to do.

Examples:
  colloquy rescore
  colloquy rescore --evaluator model --tenant acme --from 120000`,
    )
    .action(async (options: Options) => {
      const { settings: effective } = settings()
      const evaluator = evaluatorOf(effective, options.evaluator)
      const bar = createProgressBar(out)
      const log = pino({ level: effective.LOG_LEVEL === 'info' ? 'warn' : effective.LOG_LEVEL }, process.stderr)
      const startedMs = performance.now()
      try {
        const found = await withAnalyst(effective, undefined, out, (clickhouse) =>
          withJetStream(effective, async (jetstream) => {
            const { state } = await streamInfo(jetstream.jsm, 'LOG')
            const to = Math.min(options.to ?? state.last_seq, state.last_seq)
            const limit = { again: 'run the command again, which judges only what is missing', onAway: bar.waits }
            return whileConnected(jetstream.nc, limit, (signal) =>
              rescore({
                jetstream,
                evaluator,
                from: options.from,
                to,
                tenant: options.tenant,
                rateMax: effective.JUDGE_RATE_MAX,
                judgedBefore: (answers) => judgedAnswers(clickhouse, evaluator, answers),
                signal,
                log,
                metrics: createMetrics(),
                onProgress: (seq) => bar.update(seq - options.from + 1, Math.max(0, to - options.from + 1)),
              }),
            )
          }),
        )
        bar.stop()
        const seconds = Math.round(performance.now() - startedMs) / 1_000
        if (options.json) out.json({ evaluator: evaluatorName(evaluator), ...found, seconds })
        else out.line(`${evaluatorName(evaluator)}: ${summaryOf(found)}, in ${seconds} s`)
      } finally {
        bar.stop()
      }
    })

/** @throws ColloquyError `bad_option` where the settings name no model */
function evaluatorOf(settings: Settings, name: Options['evaluator']): JudgeEvaluator {
  if (name === RULES_EVALUATOR) return judgeByRules(evaluateByRules)
  const model = modelJudgeOf(settings)
  if (model !== undefined) return model
  throw new ColloquyError('bad_option', '--evaluator model needs COLLOQUY_LLM_BASE_URL and COLLOQUY_LLM_MODEL')
}

function summaryOf({ to, answers, known, judged, failed, skipped }: Rescored): string {
  const lost = skipped === 0 ? '' : `, ${skipped} left out, since LOG does not have their question or their passages`
  const dead = failed === 0 ? '' : `, ${failed} failed ("colloquy dead ls --reason judge_failed")`
  return `${counted(answers, 'answer')} up to LOG sequence ${to}: ${judged} judged, ${known} known already${dead}${lost}`
}
