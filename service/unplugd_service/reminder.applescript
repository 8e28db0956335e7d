-- Shows unplugd's notices as notifications of an application of their own. They are files in a folder, so that no text
-- from outside is ever part of a script: the first line is the title, the names sort by age. A click on a notification
-- starts this again, which then finds nothing to do.
on run
	try
		set noticeFolder to (POSIX path of (path to application support folder from user domain)) & "unplugd/notices/"
		repeat
			set noticeName to do shell script ("/bin/ls " & quoted form of noticeFolder & " | /usr/bin/head -n 1")
			if noticeName is "" then exit repeat
			set noticeFile to quoted form of (noticeFolder & noticeName)
			set noticeTitle to do shell script ("/usr/bin/head -n 1 " & noticeFile)
			set noticeText to do shell script ("/usr/bin/tail -n +2 " & noticeFile) without altering line endings
			-- First, so that a file that cannot be removed is not shown for ever.
			do shell script ("/bin/rm " & noticeFile)
			display notification noticeText with title noticeTitle
			-- One that ends at once may not be shown at all.
			delay 1
		end repeat
	end try
end run
