/**
 * Settings that analysts may change, by what their names say. Clients send many of these with every query, and each release of a client
 * sends others. All of them are about the answer or narrow the query; none opens a file or a connection, and none lifts a limit.
 */
const FAMILIES = [
  // How values are read and written.
  /^(?:input|output)_format_|^format_|^date_time_|^bool_\w+_representation$|^(?:interval|errors|date_time|aggregate_function)_\w+_format$/,
  /^schema_inference_|^type_json_|^print_pretty_|^show_create_query_|^describe_|^asterisk_|^low_cardinality_allow_in_native_format$/,
  // How they come to the client.
  /^network_(?:compression_method|zstd_compression_level)$|^enable_http_compression$|^(?:min|max)_compress_block_size$/,
  /^http_(?:zlib_compression_level|headers_progress_interval_ms|wait_end_of_query|response_buffer_size|write_exception_in_output_format)$/,
  // The first has no effect here, see http_options_response.
  /^add_http_cors_header$|^send_(?:progress_in_http_headers|profile_events|timeout)$|^receive_timeout$|^connect_timeout|^extremes$/,
  /^http_(?:connection|send|receive)_timeout$|^lock_acquire_timeout$|^interactive_delay$|^use_hedged_requests$/,
  // Hints without an effect on reads.
  /^log_(?:comment|queries)$|^async_insert|^wait_for_async_insert|^insert_|^(?:min|max)_insert_block_size|^load_balancing$/,
  /^(?:mutations|alter|lightweight_deletes)_sync$|^select_sequential_consistency$/,
  // What the query means.
  /^(?:limit|offset|final|session_timezone|use_client_time_zone)$|^additional_(?:table_filters|result_filter)$|_overflow_mode(?:_leaf)?$/,
  /^(?:any_)?join(?:ed)?_|^group_by_|^totals_|^(?:union|except|intersect)_default_mode$|^(?:count_)?distinct_|^distributed_product_mode$/,
  /^(?:cast|prefer|formatdatetime|parsedatetime|short_circuit)_|^aggregate_functions_null_for_empty$|^transform_null_in$/,
  /^(?:data_type_default_nullable|external_table_functions_use_nulls)$|^decimal_check_overflow$|^empty_result_for_/,
  // How it is computed.
  /^optimize_|^force_(?:primary|index|data|optimize)_|^use_(?:skip_indexes|uncompressed_cache|query_cache|query_condition_cache|index_)/,
  /^query_cache_|^enable_(?:reads_from|writes_to)_query_cache$/,
  /^compile_|^(?:enable|allow_experimental)_(?:json|dynamic|variant|time_time64)_type$/,
  /^enable_(?:positional_|order_by_all|scalar_subquery_|global_with_|optimize_predicate_|named_columns_)/,
  // What it may read and return at most.
  /^max_(?:(?:joined_)?block_size|columns_to_|(?:rows|bytes)_|(?:estimated_)?execution_(?:time|speed)|partitions_to_read|result_bytes)/,
  /^max_temporary_(?:non_const_)?columns$|^min_execution_speed|^timeout_before_checking_execution_speed$/,
]

/** Settings of these families that name a file, a host or a subject of a registry, uncover secrets, or mix what users have cached. */
const NEVER = [
  /(?:^|_)(?:path|file|url)(?:_|$)|^(?:output_)?format_schema|^format_template_(?:resultset|row)$/,
  /_schema_registry_|_confluent_|_secrets_|_between_users$/,
]

/** Whether analysts may set a setting to any value. */
export const isChangeable = (setting: string): boolean =>
  FAMILIES.some((family) => family.test(setting)) && !NEVER.some((exception) => exception.test(setting))
