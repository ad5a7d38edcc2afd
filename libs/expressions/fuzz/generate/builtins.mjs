// Calls of builtins that look alike: without arguments, with one of any kind, with a text.

// The oracle's jq has no `ascii`, `date`, `dateadd`, `datesub`, `toarray`, `@base32` or `@base32d`.

/** Builtins without arguments. */
export const nullary = `length not keys values add any all flatten floor sqrt abs tostring tonumber
type infinite nan isinfinite isnan isnormal sort unique min max reverse
to_entries from_entries tojson fromjson ascii_downcase ascii_upcase explode implode trim ltrim
rtrim transpose first last keys_unsorted paths arrays objects iterables booleans numbers strings
nulls scalars recurse empty error utf8bytelength toboolean ceil round fabs trunc exp10 log2
significand logb gmtime mktime todate fromdate tostream combinations input inputs debug stderr
@json @text @csv @tsv @html @uri @sh @base64 @base64d @urid exp2 cbrt
finites normals localtime fromdateiso8601 todateiso8601
nearbyint rint gamma lgamma tgamma frexp modf lgamma_r exp expm1 log log1p log10 sin cos tan asin
acos atan sinh cosh tanh asinh acosh atanh trunc not have_literal_numbers input_filename $__loc__
input_line_number`.split(/\s+/);

/** Builtins with one argument of any kind. */
export const withFilter = `map map_values select sort_by group_by unique_by min_by max_by
with_entries any all add first last path paths del walk isempty error pick INDEX IN inside in map
has contains debug recurse getpath delpaths join flatten nth splits
ltrimstr rtrimstr trimstr startswith endswith split indices index rindex bsearch combinations
fromstream truncate_stream strftime strptime strflocaltime test match capture scan
format`.split(/\s+/);

/** Builtins with a text for their argument. */
export const withString = `startswith endswith ltrimstr rtrimstr trimstr split join index rindex
indices has contains inside test match capture scan splits strftime strptime format error debug`.split(
  /\s+/,
);

/** Functions of mathematics with two or three arguments. */
export const ofTwo = `pow atan2 fmin fmax fmod ldexp scalb scalbln copysign drem nextafter
nexttoward fdim`.split(/\s+/);

/** What comes before the text of a string. */
export const formats = [
  '@json',
  '@html',
  '@uri',
  '@urid',
  '@sh',
  '@base64',
  '@base64d',
  '@csv',
  '@tsv',
  '@text',
];
