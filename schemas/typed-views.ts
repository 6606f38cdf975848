import { hash } from 'node:crypto'
import { accessOf } from './analyst-access.ts'
import { createdNames, createView, quoted, selectCurrent } from './ddl.ts'
import type { Field, Fields, KindColumns, Leaf } from './kind-columns.ts'
import type { Column } from './table-columns.ts'
import { type TableName, TABLES } from './tables.ts'
import type { View } from './views.ts'

/** A kind whose typed views are made. */
export interface ViewedKind {
  readonly name: string
  readonly version: number
  readonly columns: KindColumns
}

/** A typed view of a kind: of its actors, or of its events of one type. */
export interface TypedView {
  readonly name: string
  readonly kind: string
  /** Equal for equal views: it has a hash of the statement. */
  readonly comment: string
  readonly statement: string
  /** Set if the plain name was taken: of what this is the view. */
  readonly renamed: string | undefined
}

/** Columns of a view beside those that every view has. More fields are in `data_raw` only. */
const FIELDS_MAX = 200
/** Characters of a name; ClickHouse has a file of this name. */
const NAME_CHARS_MAX = 120
const HASH_CHARS = 8
/** The comments of typed views begin with it: others may be dropped and made again. */
export const TYPED_VIEW_COMMENT = 'Typed view of kind '

const TIME_TYPE = "Nullable(DateTime64(3, 'UTC'))"
const TYPES: Readonly<Record<Leaf, string>> = {
  text: 'Nullable(String)',
  whole: 'Nullable(Int64)',
  number: 'Nullable(Float64)',
  bool: 'Nullable(Bool)',
  time: TIME_TYPE,
  scalar: 'Nullable(String)',
  json: 'Nullable(String)',
}

const identifier = (name: string): string => `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``
const hashOf = (text: string): string => hash('sha256', text, 'hex').slice(0, HASH_CHARS)
const safe = (text: string): string => text.replaceAll(/[^A-Za-z0-9_]/g, '_')
/** The name of a column keeps the letters of all scripts: it is quoted wherever it is written. */
const columnName = (path: readonly string[]): string => path.join('_').replaceAll(/[^\p{L}\p{M}\p{N}_]/gu, '_')

/** Whether ClickHouse takes a name for a column and for an element of a tuple, of which none may be named `null`. */
const isNamable = (name: string): boolean => /^(?!null$)[^\p{Cc}\p{Cs}]+$/u.test(name) && name.length <= NAME_CHARS_MAX

/** The fields that can be columns. The others are in the text of their data only. */
const namable = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => isNamable(name))
      .map(([name, field]) => [name, namableField(field)]),
  )

/** Without a field that has a name, an object is JSON text, and so is a list of such objects. */
function namableField(field: Field): Field {
  const about = field.about === undefined ? {} : { about: field.about }
  if (field.is === 'object') {
    const fields = namable(field.fields)
    return Object.keys(fields).length === 0 ? { is: 'json', ...about } : { is: 'object', fields, ...about }
  }
  if (field.is !== 'list') return field
  const of = namableField(field.of)
  return of.is === 'json' ? { is: 'json', ...about } : { is: 'list', of, ...about }
}

/** The typed views of all kinds that run. */
export function typedViews(kinds: readonly ViewedKind[]): TypedView[] {
  const all = kinds.flatMap((kind) => [
    { kind, what: 'actors', of: `actors of ${kind.name}`, view: actorsView(kind) },
    ...Object.entries(kind.columns.events).map(([type, fields]) => ({
      kind,
      what: type,
      of: `${type} of ${kind.name}`,
      view: eventView(kind, type, fields),
    })),
  ])
  const plain = all.map(({ kind, what }) => safe(`${kind.name}_${what}`))
  const uses = new Map<string, number>()
  for (const name of plain) uses.set(name, (uses.get(name) ?? 0) + 1)
  return all.map(({ kind, what, of, view }, index) => {
    const wanted = plain[index] ?? ''
    const isFree = uses.get(wanted) === 1 && !isTaken(wanted) && wanted.length <= NAME_CHARS_MAX
    // The hash tells apart what `-` and `.` did; a name of Colloquy's own ends or begins otherwise.
    const name = isFree ? wanted : `kind_${wanted.slice(0, NAME_CHARS_MAX)}_${hashOf(`${kind.name}/${what}`)}`
    const statement = createView(name, view)
    const comment = `${TYPED_VIEW_COMMENT}${kind.name}@${kind.version}: ${view.comment} (${hashOf(statement)})`
    return { name, kind: kind.name, comment, statement: createView(name, { ...view, comment }), renamed: isFree ? undefined : of }
  })
}

const OWN_NAMES = new Set(createdNames())
const isTaken = (name: string): boolean =>
  OWN_NAMES.has(name) || OWN_NAMES.has(name.replace(/__made$/, '')) || accessOf('VIEW', name) !== 'shown'

/** A column of a typed view with its SQL. */
interface Shown extends Column {
  readonly sql: string
}

function actorsView({ name: kind, columns }: ViewedKind): View {
  const label = namable(columns.label)
  const context = namable(columns.context)
  const { kind: _kind, label: _label, label_raw, context_facts, ...base } = TABLES.actors.columns
  const shown = createColumns(base)
  shown.add(label, LABEL, 'label', 'Fact of the label')
  // A fact of the label often has the name of the field that it shows; the field is in `context` then.
  shown.add(context, CONTEXT, 'context', 'Field of the context', (name) => !Object.hasOwn(label, name))
  shown.addTyped('label', label, LABEL, 'The facts of the label, with their types')
  shown.addTyped('context', context, CONTEXT, 'The facts of the context, with their types')
  shown.addOwn({ label_raw, context_facts })
  return view('actors', shown.all(), `r.kind = ${quoted(kind)}`, 'actors with the facts of their labels and contexts')
}

function eventView({ name: kind }: ViewedKind, type: string, all: Fields): View {
  const fields = namable(all)
  const { kind: _kind, type: _type, outcome: _outcome, data: _data, data_raw, data_error, attributes, ...base } = TABLES.events.columns
  const source = { json: 'r.data', raw: "if(isNull(r.data_error), r.data_raw, '')" }
  const shown = createColumns(base)
  shown.add(fields, source, 'data', 'Field of the data')
  shown.addTyped('data', fields, source, 'The data, with the types of its fields')
  shown.addOwn({ data_raw, data_error, attributes })
  // A rejected input may have any data, and its raw text is the whole payload.
  const condition = `r.kind = ${quoted(kind)} AND r.type = ${quoted(type)} AND (r.outcome = 'committed' OR r.idx > 0)`
  return view('events', shown.all(), condition, `events ${type}, without rejected inputs`)
}

function view(table: TableName, columns: ReadonlyMap<string, Shown>, condition: string, comment: string): View {
  const named = [...columns].map(([name, column]) => [identifier(name), column] as const)
  return {
    comment,
    columns: Object.fromEntries(named),
    select: selectCurrent(
      table,
      named.map(([name, { sql }]) => `${sql} AS ${name}`),
      condition,
    ),
  }
}

/** Where a field's value is, as SQL: in a JSON column, whose paths ClickHouse stores as columns, and in its text. */
interface Source {
  readonly json?: string
  readonly raw: string
  /** What is read from the text in any case. */
  readonly inText?: readonly Leaf[]
}

const CONTEXT: Source = { raw: 'r.context_facts' }
/** A fact that was null in all labels that the kind was asked for may be anything, which is in the text only. */
const LABEL: Source = { json: 'r.label', raw: 'r.label_raw', inText: ['scalar'] }

function createColumns(base: Readonly<Record<string, Column>>) {
  const columns = new Map<string, Shown>()
  const addOwn = (more: Readonly<Record<string, Column>>): void => {
    for (const [name, { type, comment }] of Object.entries(more)) columns.set(name, { type, comment, sql: `r.${name}` })
  }
  const reserved = new Set([
    ...Object.keys(base),
    'data',
    'label',
    'context',
    'data_raw',
    'data_error',
    'attributes',
    'label_raw',
    'context_facts',
  ])
  addOwn(base)
  const freeName = (path: readonly string[], prefix: string): string => {
    const isFree = (name: string): boolean => !columns.has(name) && !reserved.has(name)
    const plain = columnName(path)
    const candidates = [plain, `${prefix}_${plain}`, `${prefix}_${plain}_${hashOf(path.join('.'))}`]
    return candidates.find(isFree) ?? `${prefix}_${hashOf(JSON.stringify(path))}_${columns.size}`
  }
  const addField = (field: Field, path: readonly string[], source: Source, prefix: string, about: string): void => {
    if (field.is === 'object') {
      for (const [name, inner] of Object.entries(field.fields)) addField(inner, [...path, name], source, prefix, about)
      return
    }
    if (columns.size >= FIELDS_MAX) return
    const comment = `${field.about ?? about} (${prefix}.${path.join('.')})`
    columns.set(freeName(path, prefix), { type: typeOf(field), comment, sql: sqlOf(field, path, source) })
  }
  return {
    addOwn,
    add(fields: Fields, source: Source, prefix: string, about: string, isWanted: (name: string) => boolean = () => true): void {
      for (const [name, field] of Object.entries(fields)) if (isWanted(name)) addField(field, [name], source, prefix, about)
    },
    /** One column with all fields, so that `data.x` has the type of x. */
    addTyped(name: string, fields: Fields, source: Source, comment: string): void {
      if (Object.keys(fields).length === 0) return
      const all: Field = { is: 'object', fields }
      columns.set(name, { type: typeOf(all), comment, sql: `CAST(${sqlOf(all, [], source)}, ${quoted(typeOf(all))})` })
    },
    all: (): ReadonlyMap<string, Shown> => columns,
  }
}

function typeOf(field: Field): string {
  if (field.is === 'list') return `Array(${itemType(field.of)})`
  if (field.is !== 'object') return TYPES[field.is]
  return `Tuple(${entriesOf(field.fields)
    .map(([name, inner]) => `${identifier(name)} ${typeOf(inner)}`)
    .join(', ')})`
}

const entriesOf = (fields: Fields): [string, Field][] => Object.entries(fields).slice(0, FIELDS_MAX)

/** Within lists, which are read from the text, times stay texts. */
function itemType(field: Field): string {
  if (field.is === 'time') return TYPES.text
  if (field.is === 'list') return `Array(${itemType(field.of)})`
  if (field.is !== 'object') return TYPES[field.is]
  return `Tuple(${entriesOf(field.fields)
    .map(([name, inner]) => `${identifier(name)} ${itemType(inner)}`)
    .join(', ')})`
}

function sqlOf(field: Field, path: readonly string[], source: Source): string {
  if (field.is === 'object')
    return `tuple(${entriesOf(field.fields)
      .map(([name, inner]) => sqlOf(inner, [...path, name], source))
      .join(', ')})`
  const at = [source.raw, ...path.map(quoted)].join(', ')
  if (field.is === 'list') return `JSONExtract(${at}, ${quoted(typeOf(field))})`
  if (field.is === 'json') return `nullIf(nullIf(JSONExtractRaw(${at}), ''), 'null')`
  // ClickHouse reads `a.b` in a JSON column as b within a.
  if (source.json === undefined || source.inText?.includes(field.is) === true || !path.every((part) => /^\w+$/.test(part)))
    return fromText(field.is, at)
  return fromPath(field.is, [source.json, ...path.map(identifier)].join('.'))
}

function fromText(is: Leaf, at: string): string {
  return is === 'time' ? timeOf(`JSONExtract(${at}, 'Nullable(String)')`) : `JSONExtract(${at}, ${quoted(TYPES[is])})`
}

function fromPath(is: Leaf, path: string): string {
  switch (is) {
    case 'whole':
      return `${path}.:Int64`
    case 'number':
      return `coalesce(${path}.:Float64, toFloat64(${path}.:Int64))`
    case 'bool':
      return `${path}.:Bool`
    case 'time':
      return timeOf(`${path}.:String`)
    case 'scalar':
      return `CAST(${path}, 'Nullable(String)')`
    default:
      return `${path}.:String`
  }
}

const timeOf = (text: string): string => `parseDateTime64BestEffortOrNull(${text}, 3, 'UTC')`
