import {
  compareModels,
  type Comparison,
  INSTRUCTIONS_TOKENS,
  type ModelShare,
  PASSAGE_TOKENS,
} from '../../pipeline/models/compare-models.ts'
import { readModelsFile } from '../../pipeline/models/read-models.ts'
import { readTenantSettings } from '../../pipeline/tenants/tenant-settings-reader.ts'
import { counted } from '../../schemas/counted.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { type Output, printable } from '../app/terminal-output.ts'
import { recordedTurns } from '../reporting/recorded-turns.ts'
import type { Settings } from '../settings.ts'
import { withAnalyst } from './with-analyst.ts'

export interface CheckModelsOptions {
  readonly out: Output
  readonly settings: Settings
  readonly file: string
  readonly tenant: string
  readonly json?: boolean
}

/** Newest turns that are compared. */
const TURNS_MAX = 20_000

/** Says what recorded turns would have cost with a file of models, and where they would have gone. Keys are not needed. */
export async function checkModels({ out, settings, file, tenant, json }: CheckModelsOptions): Promise<void> {
  const entries = await readModelsFile(file)
  const { settings: ofTenant } = await withJetStream(settings, (jetstream) => readTenantSettings(jetstream, tenant))
  const turns = await withAnalyst(settings, undefined, out, (clickhouse) => recordedTurns(clickhouse, tenant, TURNS_MAX))
  const comparison = compareModels(turns, entries, ofTenant)
  if (json === true) {
    const { models, ...summary } = comparison
    for (const model of models) out.json(model)
    out.json({ summary })
  } else print(out, comparison)
}

function print(out: Output, { models, before, after, estimated, tooLong }: Comparison): void {
  if (before.turns === 0) return out.line('No recorded turn was answered by a model or from passages.')
  const cells = (share: ModelShare): string[] => [String(share.turns), costText(share)]
  out.table(
    ['model', 'tier', 'turns then', 'cost then', 'turns now', 'cost now'],
    [
      ...models.map((row) => [printable(row.model ?? '(quoted)'), row.tier ?? '', ...cells(row.before), ...cells(row.after)]),
      ['all', '', ...cells(before), ...cells(after)],
    ],
  )
  if (tooLong > 0) out.line(`${counted(tooLong, 'turn')} would fit no model of the file (contextMax).`)
  const parts = `${INSTRUCTIONS_TOKENS} for instructions, ${PASSAGE_TOKENS} for a passage, and the length of the texts`
  const tokens = `the tokens of ${counted(estimated.tokens, 'turn')} (${parts})`
  const complexity = `and the complexity of ${estimated.complexity}, from the question alone`
  out.line(`Estimated: ${tokens}, ${complexity}.`)
  out.line(
    'All turns of a tier count for its first model. Tokens are those of the model that answered; another one cuts texts otherwise, and may '
      + 'write more or less. Failures and budgets are left out.',
  )
}

const MICROS = 1e6
const costText = ({ turns, cost, unknown }: ModelShare): string =>
  turns === 0 ? '' : unknown === turns ? 'unknown' : `${Math.round(cost * MICROS) / MICROS}${unknown === 0 ? '' : ` (${unknown} unknown)`}`
