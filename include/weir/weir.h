#pragma once
// weir: live SQL views over changing tables, kept in a SQLite file. The whole API; see database.h for the rules.
//
// Threads  as each header says.

#include <weir/change.h>
#include <weir/database.h>
#include <weir/error.h>
#include <weir/feed.h>
#include <weir/follower.h>
#include <weir/function.h>
#include <weir/gate.h>
#include <weir/log.h>
#include <weir/profile.h>
#include <weir/query.h>
#include <weir/reader.h>
#include <weir/result_set.h>
#include <weir/stats.h>
#include <weir/type.h>
#include <weir/value.h>
