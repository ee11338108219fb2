"""What a reader does about each kind of problem."""

ADVICE = {
    "bad_container": "the file was changed or cut off on its way, or unpacked and packed anew: "
    "take it as it was handed over, and compare its SHA-256",
    "bad_member": "fetch the bundle again, or have it made anew: what this member holds is not proven",
    "bad_manifest": "see that --policy is for this log and did not come with the bundle; if so, refuse it",
    "bad_checkpoint": "refuse it: the key of your policy has not signed this history",
    "bad_quorum": "ask for a bundle whose end your witnesses cosigned",
    "bad_tree": "refuse it: entries were left out, added or changed after the checkpoint was signed",
    "bad_paper": "outside this bundle: take the one with this size; else keep both: the log was rewritten",
    "bad_entry": "what rests on this entry is not proven: have the operator explain it",
    "bad_proof": "ask for this bundle made anew, or for one that begins at entry 0",
    "bad_key": "what was signed there proves nothing: ask who approved this agent, and when",
    "bad_chain": "batches are missing or were put in: what this agent says around there is not complete",
    "fork": "the operator must find the second writer (clone, old snapshot, thief), then release or revoke",
    "bad_signature": "the agent has not signed this: treat its results as made up",
    "bad_body": "the results are not here, or not the signed ones: ask for the bundle made anew",
    "bad_line": "these lines count for nothing: find out who changed this agent, and to which version",
    "bad_plan": "nobody signed for these parameters: ask who had the agent look in another way than planned",
    "bad_seen": "this agent was shown another log than you are: keep the bundle, ask for both checkpoints",
    "bad_statement": "the statement counts for nothing: ask the person whose name it bears",
    "bad_person": "it proves nothing of that person: ask him for his key's code, and who wrote this entry",
    "bad_photo": "the photograph proves nothing: ask for the bundle with the one that was taken",
    "judged_differently": "the line's state does not follow from its facts: go by the facts",
    "claim_differs": "go by what the evidence gives, not by the claim, and ask how it came about",
    "internal": "treat it as not verified; send bundle and report to the makers of this program",
}
