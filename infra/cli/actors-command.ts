import { Command } from 'commander'
import { parseJson } from '../../schemas/json.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { printable } from '../app/terminal-output.ts'
import { type ActorQuery, listActors, whyNoActor } from '../reporting/actor-list.ts'
import { textArgument, tokenArgument } from './arguments.ts'
import { withAnalyst } from './with-analyst.ts'

interface Options extends JsonOption, ActorQuery {}

const LIMIT_DEFAULT = 50
const CONDITION_CHARS_MAX = 10_000

export const actorsCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .option('--tenant <tenant>', 'actors of this tenant only', tokenArgument)
    .option('--kind <kind>', 'actors of this kind only', tokenArgument)
    .option('--state <path>', 'actors in this state or in one inside it, such as open or open.waiting')
    .option('--text <text>', 'actors whose <tenant>/<id> has this text')
    .option(
      '--where <sql>',
      'a condition over the table actors, such as "label.intent = \'refund\' AND errors > 0"',
      textArgument(CONDITION_CHARS_MAX),
    )
    .option('--limit <n>', 'list this many, those with the newest records', wholeNumber(1), LIMIT_DEFAULT)
    .option(JSON_FLAG, 'one JSON object per actor: {tenant, kind, id, state, status, n, lastAt, label}')
    .addHelpText(
      'after',
      '\nThe table may be behind the log by some milliseconds; "colloquy show" reads the log. "colloquy tables actors" has the columns.',
    )
    .action(async ({ json, ...query }: Options) => {
      await withAnalyst(settings().settings, undefined, out, async (clickhouse) => {
        const actors = await listActors(clickhouse, query)
        const why = actors.length === 0 ? await whyNoActor(clickhouse, query) : undefined
        if (why !== undefined) out.note(why)
        if (json) {
          for (const { label, ...actor } of actors) out.json({ ...actor, label: parseJson(label) ?? {} })
          return
        }
        out.table(
          ['actor', 'state', 'status', 'records', 'last', 'label'],
          actors.map(({ tenant, kind, id, state, status, n, lastAt, label }) => [
            out.paint('cyan', `${tenant}/${kind}/${id}`),
            printable(state),
            status,
            String(n),
            lastAt.slice(0, 19).replace('T', ' '),
            printable(label),
          ]),
        )
        if (actors.length === query.limit) out.note(`These are the ${query.limit} with the newest records; there may be more (--limit).`)
      })
    })
