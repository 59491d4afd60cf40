"""发展党员: a person's way from the application to full membership, five stages and twenty-five steps.

`steps` is the way as data, `judgement` tells by the rules how a case stands, `services` change it; every change is a
row of `Transition`. What the rules ask for is never repeated here: dates, votes and periods are judged by
`dangjian.rules.admission`.
"""
