#!/usr/bin/env bash
# Lets a worker look at a change, in a CI job: review.sh WORKER REPOSITORY BRANCH [REPORT]
#
# Reads VWM_URL and VWM_API_KEY (a key with the role `session` is enough). Writes the whole report as JSON, prints what a comment should say,
# and ends as `vwm run` does: 0 done and pushed, 1 failed, 3 outcome unknown, 130 aborted.
set -euo pipefail

worker=${1:?the name of a worker}
repository=${2:?the address of a repository}
branch=${3:?the branch to look at}
report=${4:-report.json}
: "${VWM_URL:?the address of the server}" "${VWM_API_KEY:?a key to it}"

prompt="Review the branch $branch against our guidelines. Mend what is clearly wrong, with a test, and commit it. Say what you leave to its author."
code=0
vwm run "$worker" "$prompt" --repo "$repository" --branch "$branch" --breadcrumb "ci:$branch" --timeout 1800 \
  --output json > "$report" || code=$?

# Without a report `vwm run` has said why on standard error.
jq --raw-output '
  "### \(.answer.status // "failed"): review by a virtual worker",
  "",
  (.answer.response // .error.message),
  (.answer.error // empty | "", "\(.code): \(.message)"),
  (.branches[] | "", "Pushed: `\(.branch)` at \(.sha[:12])")' "$report"
exit "$code"
