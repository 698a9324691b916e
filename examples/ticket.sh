#!/usr/bin/env bash
# Asks a worker one question with nothing but curl and jq: ticket.sh WORKER TICKET QUESTION
#
# Reads VWM_URL and VWM_API_KEY (a key with the role `session`). Run again with the same ticket and question within a day it starts nothing a second
# time: it goes on waiting for what it began. Exit codes: 0 answered, 1 failed, 2 wrong call, 3 outcome unknown, 4 not answered in time.
set -euo pipefail
shopt -s inherit_errexit

if [ $# -ne 3 ]; then
  echo "usage: ticket.sh WORKER TICKET QUESTION" >&2
  exit 2
fi
worker=$1 ticket=$2 question=$3
: "${VWM_URL:?the address of the server}" "${VWM_API_KEY:?a key to it}"
patience=${PATIENCE:-1800}

# Says why on standard error where the answer is a refusal. The key is in no argument list.
ask() {
  local answer
  if ! answer=$(curl --config <(printf 'header = "Authorization: Bearer %s"\n' "$VWM_API_KEY") \
    --silent --show-error --fail-with-body --retry 5 --retry-connrefused --header 'Content-Type: application/json' "$@"); then
    jq --raw-output '.error, (.details[]? | "  \(.path): \(.message)")' <<< "$answer" >&2 2> /dev/null || echo "$answer" >&2
    exit 1
  fi
  printf '%s' "$answer"
}

# Waits until `.status` of what is at a path is none of these.
settled() {
  local path=$1 answer status waited=0
  shift
  while true; do
    answer=$(ask "$VWM_URL$path")
    status=$(jq --raw-output .status <<< "$answer")
    case " $* " in *" $status "*) ;; *) break ;; esac
    if [ $((waited += 1)) -gt $((patience * 2)) ]; then
      echo "it is still $status: $VWM_URL$path tells more" >&2
      exit 4
    fi
    sleep 0.5
  done
  printf '%s' "$answer"
}

# The same ticket and question make the same keys, and so the same session and the same request.
key=$(printf '%s\n' "$worker" "$ticket" "$question" | sha256sum | cut -c 1-40)
session=$(ask "$VWM_URL/sessions" --header "Idempotency-Key: session-$key" \
  --data "$(jq --null-input --arg worker "$worker" --arg ticket "ticket:$ticket" '{workerName: $worker, breadcrumbs: [$ticket]}')")
session=$(jq --raw-output .id <<< "$session")
stands=$(settled "/sessions/$session" pending)
if [ "$(jq --raw-output .status <<< "$stands")" = failed ]; then
  jq --raw-output .statusReason <<< "$stands" >&2
  exit 1
fi

request=$(ask "$VWM_URL/sessions/$session/requests" --header "Idempotency-Key: request-$key" \
  --data "$(jq --null-input --arg prompt "$question" '{prompt: $prompt}')")
request=$(jq --raw-output .requestId <<< "$request")
answer=$(settled "/sessions/$session/requests/$request" pending running)
ask --request DELETE "$VWM_URL/sessions/$session" > /dev/null

jq --raw-output .answer.response <<< "$answer"
case $(jq --raw-output .status <<< "$answer") in
  complete) exit 0 ;;
  outcome_unknown) code=3 ;;
  *) code=1 ;;
esac
jq --raw-output '"\(.answer.error.code): \(.answer.error.message)"' <<< "$answer" >&2
exit "$code"
