/**
 * Tables of `system` that analysts may read besides those that ClickHouse shows to everybody (databases, tables, columns, functions,
 * settings, formats, data types). They describe the engine, or the tables that the reader may read; none holds texts, paths, addresses,
 * or names of users. Drivers and tools ask for them when they connect or list what there is.
 */
export const catalogue: readonly string[] = [
  // Rows out of nothing, for calendars and tests.
  ...['numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'primes'],
  // Of the tables that the reader may read.
  ...['data_skipping_indices', 'projections', 'dictionaries', 'parts', 'parts_columns', 'constraints', 'mutations', 'view_refreshes'],
  // Of the engine.
  ...['build_options', 'codecs', 'data_skipping_index_types', 'dictionary_sources', 'documentation', 'keywords', 'merge_tree_settings'],
  ...['tokenizers', 'unicode', 'user_defined_functions', 'warnings'],
  // Empty: the engine is no cluster. Tools ask whether it is one.
  ...['clusters', 'macros', 'replicas'],
  // Filtered by `ownQueries`.
  'processes',
]

/**
 * The filter for analysts of `system.processes`, `SHOW PROCESSLIST` and `KILL QUERY`: one's own queries are those under the same user name.
 * All who come as `analyst` therefore see and end each other's queries, but those of `default` and of Colloquy's stages never.
 */
export const ownQueries = 'user = currentUser()'
