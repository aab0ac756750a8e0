"""Which session variables an ordinary driver may set: the list that docs/variables.md shows (policy.md, Session
statements). An unlisted one needs SET; those that would hide something from the gateway are refused to everyone."""

from __future__ import annotations

from typing import Final

# Variables of a session that change how it waits, rounds, sorts or reports, and nothing that is judged or recorded.
HARMLESS: Final = frozenset(
    [
        "alter_algorithm",
        "analyze_sample_percentage",
        "autocommit",
        "big_tables",
        "block_encryption_mode",
        "bulk_insert_buffer_size",
        "check_constraint_checks",
        "column_compression_threshold",
        "completion_type",
        "cte_max_recursion_depth",
        "default_regex_flags",
        "default_storage_engine",
        "default_tmp_storage_engine",
        "default_week_format",
        "div_precision_increment",
        "end_markers_in_json",
        "eq_range_index_dive_limit",
        "explicit_defaults_for_timestamp",
        "expensive_subquery_limit",
        "explain_format",
        "explain_json_format_version",
        "foreign_key_checks",
        "group_concat_max_len",
        "histogram_size",
        "histogram_type",
        "idle_readonly_transaction_timeout",
        "idle_transaction_timeout",
        "idle_write_transaction_timeout",
        "in_predicate_conversion_threshold",
        "information_schema_stats_expiry",
        "innodb_lock_wait_timeout",
        "innodb_snapshot_isolation",
        "innodb_strict_mode",
        "innodb_table_locks",
        "interactive_timeout",
        "join_buffer_size",
        "join_buffer_space_limit",
        "join_cache_level",
        "lc_messages",
        "lc_time_names",
        "lock_wait_timeout",
        "long_query_time",
        "low_priority_updates",
        "max_error_count",
        "max_execution_time",
        "max_heap_table_size",
        "max_join_size",
        "max_length_for_sort_data",
        "max_recursive_iterations",
        "max_rowid_filter_size",
        "max_seeks_for_key",
        "max_sort_length",
        "max_sp_recursion_depth",
        "max_statement_time",
        "min_examined_row_limit",
        "mrr_buffer_size",
        "net_buffer_length",
        "net_read_timeout",
        "net_retry_count",
        "net_write_timeout",
        "note_verbosity",
        "old_alter_table",
        "optimizer_adjust_secondary_key_costs",
        "optimizer_extra_pruning_depth",
        "optimizer_join_limit_pref_ratio",
        "optimizer_max_sel_arg_weight",
        "optimizer_max_sel_args",
        "optimizer_prune_level",
        "optimizer_search_depth",
        "optimizer_selectivity_sampling_limit",
        "optimizer_switch",
        "optimizer_use_condition_selectivity",
        "preload_buffer_size",
        "print_identified_with_as_hex",
        "profiling",
        "profiling_history_size",
        "progress_report_time",
        "query_alloc_block_size",
        "query_cache_type",
        "query_prealloc_size",
        "range_alloc_block_size",
        "range_optimizer_max_mem_size",
        "read_buffer_size",
        "read_rnd_buffer_size",
        "rowid_merge_buff_size",
        "schema_definition_cache",
        "select_into_buffer_size",
        "set_operations_buffer_size",
        "show_create_table_skip_secondary_engine",
        "show_create_table_verbosity",
        "show_gipk_in_create_table_and_information_schema",
        "sort_buffer_size",
        "sql_auto_is_null",
        "sql_big_selects",
        "sql_buffer_result",
        "sql_notes",
        "sql_quote_show_create",
        "sql_safe_updates",
        "sql_select_limit",
        "sql_warnings",
        "standard_compliant_cte",
        "storage_engine",
        "system_versioning_alter_history",
        "terminology_use_previous",
        "thread_pool_priority",
        "time_zone",
        "tmp_disk_table_size",
        "tmp_memory_table_size",
        "tmp_table_size",
        "transaction_alloc_block_size",
        "transaction_isolation",
        "transaction_prealloc_size",
        "transaction_read_only",
        "tx_isolation",
        "tx_read_only",
        "unique_checks",
        "updatable_views_with_limit",
        "use_stat_tables",
        "wait_timeout",
        "windowing_use_high_precision",
        "wsrep_sync_wait",
    ]
)

# Harmless when the value is one that the lexer follows; the gateway reads the state back from the server.
FOLLOWED: Final = frozenset(
    (
        "sql_mode",
        "character_set_client",
        "character_set_connection",
        "character_set_results",
        "collation_connection",
    )
)

# They would hide from the gateway what a session does, or give replies another form.
REFUSED: Final = frozenset(("resultset_metadata", "gtid_next", "timestamp"))
REFUSED_PREFIXES: Final = ("pseudo_", "sql_log_", "session_track_")


# Of those that are refused, what means nothing when it is set to this: the servers' default, which drivers set to be
# sure of it (MariaDB Connector/J 2.2 to 2.7.4 with every login).
ALLOWED_VALUES: Final = {"session_track_schema": ("1", "on", "true")}


def allowed_value(name: str, value: str) -> bool:
    """Whether the variable (lower case), refused else, may be set to this literal or word."""
    return value.lower() in ALLOWED_VALUES.get(name, ())


def refused(name: str) -> bool:
    """Whether the variable (lower case) may be set by nobody through the gateway."""
    return name in REFUSED or name.startswith(REFUSED_PREFIXES)
